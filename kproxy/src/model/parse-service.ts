import { isIP } from "node:net";
import { addressFamily, canonicalAddress } from "./address.ts";
import {
	asList,
	asOneOf,
	asPort,
	asRecord,
	asText,
	type FieldPath,
	type ParseContext,
	show,
} from "./field-check.ts";
import { checkLabel } from "./name-check.ts";
import type { ServiceObject } from "./objects.ts";
import type { ObjectMeta } from "./parse-object.ts";

type ServicePort = ServiceObject["ports"][number];
type Fields = Readonly<Record<string, unknown>>;

/** Protocols that an API object may name. */
export const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;

const TYPES = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] as const;

/** Reads a `v1` Service; problems go to the context, and then the result is not for use. */
export function parseService(raw: Fields, meta: ObjectMeta, context: ParseContext): ServiceObject {
	if (context.origin === "manifest") checkLabel(meta.name, ["metadata", "name"], context);
	const spec = asRecord(raw.spec, ["spec"], context);
	if (spec === undefined && context.problems.length === 0) {
		context.problems.push({ path: ["spec"], message: "is missing" });
	}
	const type = asOneOf(
		spec?.type,
		{ path: ["spec", "type"], choices: TYPES, fallback: "ClusterIP" },
		context,
	);
	const { namespace, name, labels } = meta;
	// Nobody dials an ExternalName; its other fields may be anything.
	if (spec === undefined || type === "ExternalName") {
		return { kind: "Service", namespace, name, labels, type, clusterIPs: [], ports: [] };
	}
	const headless = isHeadless(spec);
	const clusterIPs = headless ? [] : readClusterIPs(spec, context);
	const ports = readPorts(spec, context);
	if (context.origin === "manifest" && ports.length === 0 && !headless) {
		context.problems.push({
			path: ["spec", "ports"],
			message: "has no port; a Service that is dialled needs one",
		});
	}
	return { kind: "Service", namespace, name, labels, type, clusterIPs, ports };
}

function isHeadless(spec: Fields): boolean {
	return spec.clusterIP === "None" || (Array.isArray(spec.clusterIPs) && spec.clusterIPs[0] === "None");
}

/** `spec.clusterIPs`, or `spec.clusterIP` alone as people write it; each address in its one spelling. */
function readClusterIPs(spec: Fields, context: ParseContext): readonly string[] {
	const list = asList(spec.clusterIPs, ["spec", "clusterIPs"], context);
	const single = spec.clusterIP ?? undefined;
	if (context.origin === "manifest") checkClusterIPs({ list, single }, context);
	if (list.length === 0) {
		if (single === undefined || single === "") return [];
		return compact([readAddress(single, ["spec", "clusterIP"], context)]);
	}
	return compact(list.map((value, index) => readAddress(value, ["spec", "clusterIPs", index], context)));
}

/** What an API server would have refused or filled in. */
function checkClusterIPs(
	{ list, single }: { list: readonly unknown[]; single: unknown },
	{ problems }: ParseContext,
): void {
	const path = ["spec", "clusterIPs"];
	if (list.length === 0) {
		if (single !== undefined && single !== "") return;
		const message =
			'is missing; no API server fills it in for a manifest: give an address, or "None" for headless';
		problems.push({ path: ["spec", "clusterIP"], message });
	} else if (list.length > 2) {
		problems.push({
			path,
			message: `has ${list.length} addresses; at most one for each IP family is allowed`,
		});
	} else if (list.length === 2 && isIP(String(list[0])) === isIP(String(list[1]))) {
		problems.push({ path, message: "has two addresses of one IP family; one for each family is allowed" });
	} else if (single !== undefined && single !== list[0]) {
		const message = `is ${show(single)}, but the first of spec.clusterIPs is ${show(list[0])}; write the same in both`;
		problems.push({ path: ["spec", "clusterIP"], message });
	}
}

function readAddress(value: unknown, path: FieldPath, context: ParseContext): string | undefined {
	const text = asText(value, path, context);
	const family = addressFamily(text);
	const address = family && canonicalAddress(text, family);
	if (address === undefined) {
		if (typeof value === "string") {
			context.problems.push({ path, message: `is ${show(value)}, which is not an IP address` });
		}
		return undefined;
	}
	const why = context.origin === "manifest" ? specialAddress(address) : undefined;
	if (why !== undefined) {
		context.problems.push({ path, message: `is ${address}, ${why}; it cannot be the address of a Service` });
	}
	return address;
}

/** Why an address in its one spelling can belong to no Service. */
function specialAddress(address: string): string | undefined {
	if (address === "0.0.0.0" || address === "::") return "the unspecified address";
	if (address.startsWith("127.") || address === "::1") return "a loopback address";
	const first = Number.parseInt(address, 10);
	if (address.startsWith("ff") || (!address.includes(":") && first >= 224 && first <= 239))
		return "a multicast address";
	if (address.startsWith("169.254.") || /^fe[89ab]/.test(address)) return "a link-local address";
	return undefined;
}

function readPorts(spec: Fields, context: ParseContext): readonly ServicePort[] {
	const list = asList(spec.ports, ["spec", "ports"], context);
	const ports = compact(list.map((value, index) => readPort(value, index, context)));
	if (context.origin === "manifest") checkPorts(ports, context);
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
	return { name, protocol, port: asPort(fields.port, [...path, "port"], context) ?? 0 };
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

function compact<T>(list: readonly (T | undefined)[]): readonly T[] {
	return list.filter((item) => item !== undefined);
}
