import {
	asList,
	asOneOf,
	asPort,
	asRecord,
	asText,
	type FieldPath,
	type ParseContext,
} from "./field-check.ts";
import { checkLabel } from "./name-check.ts";
import type { ServiceObject, ServicePort } from "./objects.ts";
import { compact } from "./parse-service-addresses.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Protocols that an API object may name. */
export const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;

/** Reads `spec.ports`; those of a manifest are checked as an API server does. */
export function readServicePorts(
	spec: Fields,
	type: ServiceObject["type"],
	context: ParseContext,
): readonly ServicePort[] {
	const list = asList(spec.ports, ["spec", "ports"], context);
	const ports = compact(list.map((value, index) => readPort(value, index, context)));
	if (context.origin === "manifest") {
		checkPorts(ports, context);
		checkNodePorts(ports, type, context);
	}
	return ports;
}

function readPort(value: unknown, index: number, context: ParseContext): ServicePort | undefined {
	const path = ["spec", "ports", index];
	const fields = asRecord(value, path, context);
	if (fields === undefined) {
		if (value === null) context.problems.push({ path, message: "is empty; it needs a port number" });
		return undefined;
	}
	const name = context.intern(asText(fields.name, [...path, "name"], context));
	const protocol = asOneOf(
		fields.protocol,
		{ path: [...path, "protocol"], choices: PROTOCOLS, fallback: "TCP" },
		context,
	);
	const nodePort = readNodePort(fields.nodePort, [...path, "nodePort"], context);
	return { name, protocol, port: asPort(fields.port, [...path, "port"], context) ?? 0, nodePort };
}

/** 0 means none, as in the API. */
function readNodePort(value: unknown, path: FieldPath, context: ParseContext): number {
	return value === undefined || value === null || value === 0 ? 0 : (asPort(value, path, context) ?? 0);
}

function checkNodePorts(
	ports: readonly ServicePort[],
	type: ServiceObject["type"],
	context: ParseContext,
): void {
	const numbers = new Map<string, number>();
	for (const [index, { protocol, nodePort }] of ports.entries()) {
		if (nodePort === 0) continue;
		if (type === "ClusterIP") {
			const message = `is ${nodePort}; only Services of type NodePort or LoadBalancer have one`;
			context.problems.push({ path: ["spec", "ports", index, "nodePort"], message });
		}
		const key = `${nodePort}/${protocol}`;
		checkOnce(numbers, { key, shown: `nodePort ${key}`, index }, context);
	}
}

/** Names unique and present where there are several; each number and protocol once. */
function checkPorts(ports: readonly ServicePort[], context: ParseContext): void {
	const names = new Map<string, number>();
	const numbers = new Map<string, number>();
	for (const [index, { name, protocol, port }] of ports.entries()) {
		const path = ["spec", "ports", index];
		if (name === "") {
			if (ports.length > 1) {
				context.problems.push({
					path,
					message: "has no name; a Service with several ports needs one for each",
				});
			}
		} else {
			checkLabel(name, [...path, "name"], context);
			checkOnce(names, { key: name, shown: `the name ${name}`, index }, context);
		}
		checkOnce(numbers, { key: `${port}/${protocol}`, shown: `port ${port}/${protocol}`, index }, context);
	}
}

function checkOnce(
	seen: Map<string, number>,
	{ key, shown, index }: { key: string; shown: string; index: number },
	{ problems }: ParseContext,
): void {
	const before = seen.get(key);
	if (before === undefined) seen.set(key, index);
	else
		problems.push({
			path: ["spec", "ports", index],
			message: `has ${shown} again, as spec.ports[${before}] does`,
		});
}
