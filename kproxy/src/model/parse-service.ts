import { isIP } from "node:net";
import { asList, asOneOf, asRecord, type ParseContext, show } from "./field-check.ts";
import { checkLabel } from "./name-check.ts";
import type { ServiceObject } from "./objects.ts";
import type { ObjectMeta } from "./parse-object.ts";
import { compact, readAddress, readAddresses, readLoadBalancerIPs } from "./parse-service-addresses.ts";
import { readServicePorts } from "./parse-service-ports.ts";
import { checkTraffic, readTraffic } from "./parse-service-traffic.ts";

type Fields = Readonly<Record<string, unknown>>;

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
	// Nobody dials an ExternalName; its other fields may be anything.
	if (spec === undefined || type === "ExternalName") return { ...undialled(meta), type };
	const headless = isHeadless(spec);
	const service: ServiceObject = {
		...undialled(meta),
		type,
		clusterIPs: headless ? NONE : readClusterIPs(spec, context),
		externalIPs: readAddresses(spec.externalIPs, ["spec", "externalIPs"], context),
		loadBalancerIPs: readLoadBalancerIPs(raw, type, context),
		ports: readServicePorts(spec, type, context),
		...readTraffic(spec, context),
	};
	if (context.origin === "manifest") {
		checkDialled(service, headless, context);
		checkTraffic(spec, service, context);
	}
	return service;
}

const NONE: readonly string[] = Object.freeze([]);

/** A Service that nobody dials. */
function undialled(meta: ObjectMeta): ServiceObject {
	const created =
		typeof meta.creationTimestamp === "string" ? Date.parse(meta.creationTimestamp) : Number.NaN;
	return {
		kind: "Service",
		namespace: meta.namespace,
		name: meta.name,
		labels: meta.labels,
		createdMs: Number.isNaN(created) ? undefined : created,
		type: "ClusterIP",
		clusterIPs: NONE,
		externalIPs: NONE,
		loadBalancerIPs: NONE,
		loadBalancerSourceRanges: NONE,
		ports: [],
		affinityTimeoutS: 0,
		externalTrafficPolicy: "Cluster",
		internalTrafficPolicy: "Cluster",
		healthCheckNodePort: 0,
	};
}

function checkDialled({ type, ports }: ServiceObject, headless: boolean, { problems }: ParseContext): void {
	if (headless && type !== "ClusterIP") {
		const message = `is "None", which a Service of type ${type} cannot have; give an address`;
		problems.push({ path: ["spec", "clusterIP"], message });
	}
	if (!headless && ports.length === 0) {
		problems.push({
			path: ["spec", "ports"],
			message: "has no port; a Service that is dialled needs one",
		});
	}
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
		if (single === undefined || single === "") return NONE;
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
