/** A cluster of the sizes that are promised. */
import type { ApiObject } from "../../../src/model/objects.ts";
import { NODE, namespace, pod, policy } from "./cluster.ts";

export const PODS = 5_000;
export const LOCAL = 250;
const POLICIES = 1_000;
const NAMESPACES = 50;
const APPS = 200;
export const CIDRS = 10_000;

export const podNumber = (number: number, labels: Record<string, string> = {}): ApiObject =>
	pod(`ns${number % NAMESPACES}/p${number}`, {
		labels: { app: `app${number % APPS}`, ...labels },
		ips: [`10.${128 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`],
		node: number < LOCAL ? NODE : "node-b",
		ports: [{ name: "http", containerPort: 8080 }],
	});

/** Pods of an app may be reached by two others, on some ports. */
const policyNumber = (number: number): ApiObject =>
	policy(`ns${number % NAMESPACES}/n${number}`, {
		podSelector: { matchLabels: { app: `app${number % APPS}` } },
		ingress: [
			{
				from: [{ podSelector: { matchLabels: { app: `app${(number + 50) % APPS}` } } }],
				ports: [{ port: 80 + (number % 7) }],
			},
			{
				from: [{ namespaceSelector: { matchLabels: { team: `t${number % 10}` } } }],
				ports: [{ port: "http" }, { port: 9000, endPort: 9100 }],
			},
		],
	});

/** 1,000 policies, 5,000 pods of which 250 are here, and one policy with 10,000 blocks. */
export function largeCluster(): ApiObject[] {
	const blocks = Array.from({ length: CIDRS }, (_, number) => ({
		ipBlock: { cidr: `172.${16 + (number >> 8)}.${number & 255}.0/24` },
	}));
	return [
		...Array.from({ length: NAMESPACES }, (_, number) =>
			namespace(`ns${number}`, { team: `t${number % 10}` }),
		),
		...Array.from({ length: PODS }, (_, number) => podNumber(number)),
		...Array.from({ length: POLICIES }, (_, number) => policyNumber(number)),
		policy("ns0/blocks", { podSelector: {}, egress: [{ to: blocks, ports: [{ port: 443 }] }] }),
	];
}
