import { parseAddress } from "../address.ts";
import {
	asFlag,
	asList,
	asOneOf,
	asPort,
	asRecord,
	asText,
	type FieldPath,
	type ParseContext,
	show,
} from "../field-check.ts";
import { checkSubdomain } from "../name-check.ts";
import type { ObjectMeta } from "../parse-object.ts";
import { PROTOCOLS } from "../parse-service-ports.ts";
import type { NamedPort, PodObject } from "./objects.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One list for all pods that name no port. */
const NO_PORTS: readonly NamedPort[] = [];
const NO_ADDRESSES: readonly string[] = [];

/** Reads a `v1` Pod; problems go to the context, and then the result is not for use. */
export function parsePod(raw: Fields, meta: ObjectMeta, context: ParseContext): PodObject {
	if (context.origin === "manifest") checkSubdomain(meta.name, ["metadata", "name"], context);
	const spec = asRecord(raw.spec, ["spec"], context) ?? {};
	const status = asRecord(raw.status, ["status"], context) ?? {};
	// Its address may be another pod's already.
	const ended = status.phase === "Succeeded" || status.phase === "Failed";
	return {
		kind: "Pod",
		namespace: meta.namespace,
		name: meta.name,
		labels: meta.labels,
		addresses: ended ? NO_ADDRESSES : readAddresses(status, context),
		nodeName: context.intern(asText(spec.nodeName, ["spec", "nodeName"], context)),
		hostNetwork: asFlag(spec.hostNetwork, { path: ["spec", "hostNetwork"], fallback: false }, context),
		ports: readPorts(spec, context),
	};
}

function readAddresses(status: Fields, context: ParseContext): readonly string[] {
	const listed = asList(status.podIPs, ["status", "podIPs"], context).map(
		(value, index) => asRecord(value, ["status", "podIPs", index], context)?.ip,
	);
	const found = listed.length === 0 && status.podIP !== undefined ? [status.podIP] : listed;
	const addresses = new Set<string>();
	for (const [index, value] of found.entries()) {
		const path = ["status", "podIPs", index, "ip"];
		const text = asText(value, path, context);
		const address = parseAddress(text);
		if (address !== undefined) addresses.add(address);
		else if (text !== "")
			context.problems.push({ path, message: `is ${show(text)}, which is no IP address` });
	}
	return addresses.size === 0 ? NO_ADDRESSES : [...addresses];
}

/** Of containers, and of init containers that go on running beside them. */
function readPorts(spec: Fields, context: ParseContext): readonly NamedPort[] {
	const ports: NamedPort[] = [];
	for (const list of ["containers", "initContainers"]) {
		for (const [index, value] of asList(spec[list], ["spec", list], context).entries()) {
			const path = ["spec", list, index];
			const container = asRecord(value, path, context);
			if (list === "initContainers" && container?.restartPolicy !== "Always") continue;
			for (const [at, port] of asList(container?.ports, [...path, "ports"], context).entries())
				readPort(port, { path: [...path, "ports", at], ports }, context);
		}
	}
	return ports.length === 0 ? NO_PORTS : ports;
}

function readPort(
	value: unknown,
	{ path, ports }: { path: FieldPath; ports: NamedPort[] },
	context: ParseContext,
): void {
	const fields = asRecord(value, path, context);
	const name = asText(fields?.name, [...path, "name"], context);
	if (name === "") return;
	const port = asPort(fields?.containerPort, [...path, "containerPort"], context);
	const protocol = asOneOf(
		fields?.protocol,
		{ path: [...path, "protocol"], choices: PROTOCOLS, fallback: "TCP" },
		context,
	);
	if (port !== undefined) ports.push({ name: context.intern(name), protocol, port });
}
