import { asList, asOneOf, asPort, asRecord, type FieldPath, type ParseContext } from "../field-check.ts";
import { checkSubdomain } from "../name-check.ts";
import type { ObjectMeta } from "../parse-object.ts";
import { readCidr } from "../parse-service-cidr.ts";
import { PROTOCOLS } from "../parse-service-ports.ts";
import type { NetworkPolicyObject, PolicyDirection, PolicyPeer, PolicyPort, PolicyRule } from "./objects.ts";
import { readSelector } from "./selector.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Reads a `networking.k8s.io/v1` NetworkPolicy; problems go to the context, and then the result is not for use. */
export function parseNetworkPolicy(
	raw: Fields,
	meta: ObjectMeta,
	context: ParseContext,
): NetworkPolicyObject {
	if (context.origin === "manifest") checkSubdomain(meta.name, ["metadata", "name"], context);
	const spec = asRecord(raw.spec, ["spec"], context) ?? {};
	return {
		kind: "NetworkPolicy",
		namespace: meta.namespace,
		name: meta.name,
		podSelector: readSelector(spec.podSelector, ["spec", "podSelector"], context),
		isolates: readTypes(spec, context),
		ingress: readRules(spec.ingress, { path: ["spec", "ingress"], peers: "from" }, context),
		egress: readRules(spec.egress, { path: ["spec", "egress"], peers: "to" }, context),
	};
}

/** Without policyTypes: ingress always, egress where there are egress rules. */
function readTypes(spec: Fields, context: ParseContext): readonly PolicyDirection[] {
	const path = ["spec", "policyTypes"];
	const given = asList(spec.policyTypes, path, context).map((value, index) =>
		asOneOf(value, { path: [...path, index], choices: ["Ingress", "Egress"], fallback: "Ingress" }, context),
	);
	const egress = given.length === 0 ? (spec.egress ?? null) !== null : given.includes("Egress");
	const ingress = given.length === 0 || given.includes("Ingress");
	return [...(ingress ? (["ingress"] as const) : []), ...(egress ? (["egress"] as const) : [])];
}

function readRules(
	value: unknown,
	{ path, peers }: { path: FieldPath; peers: "from" | "to" },
	context: ParseContext,
): readonly PolicyRule[] {
	return asList(value, path, context).map((rule, index) => {
		const at = [...path, index];
		const fields = asRecord(rule, at, context) ?? {};
		return {
			peers: asList(fields[peers], [...at, peers], context).map((peer, each) =>
				readPeer(peer, [...at, peers, each], context),
			),
			ports: asList(fields.ports, [...at, "ports"], context).map((port, each) =>
				readPort(port, [...at, "ports", each], context),
			),
		};
	});
}

function readPeer(value: unknown, path: FieldPath, context: ParseContext): PolicyPeer {
	const { ipBlock, podSelector, namespaceSelector } = asRecord(value, path, context) ?? {};
	const has = (field: unknown) => (field ?? null) !== null;
	if (has(ipBlock)) {
		if (has(podSelector) || has(namespaceSelector))
			context.problems.push({ path, message: "has an ipBlock and a selector; a peer is one or the other" });
		return readBlock(ipBlock, [...path, "ipBlock"], context);
	}
	if (!has(podSelector) && !has(namespaceSelector))
		context.problems.push({ path, message: "is empty; it needs podSelector, namespaceSelector or ipBlock" });
	return {
		pods: readSelector(podSelector, [...path, "podSelector"], context),
		namespaces: has(namespaceSelector)
			? readSelector(namespaceSelector, [...path, "namespaceSelector"], context)
			: undefined,
	};
}

function readBlock(value: unknown, path: FieldPath, context: ParseContext): PolicyPeer {
	const fields = asRecord(value, path, context) ?? {};
	const except = asList(fields.except, [...path, "except"], context).map((each, index) =>
		needCidr(each, [...path, "except", index], context),
	);
	return { cidr: needCidr(fields.cidr, [...path, "cidr"], context), except };
}

function needCidr(value: unknown, path: FieldPath, context: ParseContext): string {
	if ((value ?? null) === null)
		context.problems.push({ path, message: "is missing; write it as 10.0.0.0/8" });
	return readCidr(value, path, context) ?? "";
}

function readPort(value: unknown, path: FieldPath, context: ParseContext): PolicyPort {
	const { protocol, port, endPort } = asRecord(value, path, context) ?? {};
	const choice = { path: [...path, "protocol"], choices: PROTOCOLS, fallback: "TCP" } as const;
	return { protocol: asOneOf(protocol, choice, context), ports: readRange({ port, endPort }, path, context) };
}

function readRange(
	{ port, endPort }: { port: unknown; endPort: unknown },
	path: FieldPath,
	context: ParseContext,
): PolicyPort["ports"] {
	const hasEnd = (endPort ?? null) !== null;
	const wrong = (message: string) => context.problems.push({ path: [...path, "endPort"], message });
	if ((port ?? null) === null) {
		if (hasEnd) wrong("is given without port; give the first port of the range");
		return undefined;
	}
	// A number in quotes is a name in the API, and no pod can give it to a port.
	if (typeof port === "string") {
		if (hasEnd) wrong("is given with a named port; a range needs numbers");
		return { name: context.intern(port) };
	}
	const first = asPort(port, [...path, "port"], context) ?? 0;
	const last = hasEnd ? (asPort(endPort, [...path, "endPort"], context) ?? 0) : first;
	if (last < first) wrong(`is ${last}, below port ${first}`);
	return { first, last };
}
