import { parseCidr } from "./cidr.ts";
import { asList, asOneOf, asPort, asRecord, asText, type ParseContext, show } from "./field-check.ts";
import type { ServiceObject } from "./objects.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The parts of a Service that say which clients reach which endpoints. */
export type Traffic = Pick<
	ServiceObject,
	| "affinityTimeoutS"
	| "externalTrafficPolicy"
	| "internalTrafficPolicy"
	| "healthCheckNodePort"
	| "loadBalancerSourceRanges"
>;

const POLICIES = ["Cluster", "Local"] as const;
const AFFINITIES = ["None", "ClientIP"] as const;
/** What an API server fills in: three hours. */
const DEFAULT_AFFINITY_TIMEOUT_S = 10_800;
const MAX_AFFINITY_TIMEOUT_S = 86_400;
const DISTRIBUTIONS = ["PreferClose", "PreferSameZone", "PreferSameNode"] as const;

/** Reads affinity, policies, health check and source ranges. */
export function readTraffic(spec: Fields, context: ParseContext): Traffic {
	const policy = (name: string) =>
		asOneOf(spec[name], { path: ["spec", name], choices: POLICIES, fallback: "Cluster" }, context);
	const port = spec.healthCheckNodePort ?? 0;
	return {
		affinityTimeoutS: readAffinity(spec, context),
		externalTrafficPolicy: policy("externalTrafficPolicy"),
		internalTrafficPolicy: policy("internalTrafficPolicy"),
		healthCheckNodePort: port === 0 ? 0 : (asPort(port, ["spec", "healthCheckNodePort"], context) ?? 0),
		loadBalancerSourceRanges: readSourceRanges(spec, context),
	};
}

function readAffinity(spec: Fields, context: ParseContext): number {
	const affinity = asOneOf(
		spec.sessionAffinity,
		{ path: ["spec", "sessionAffinity"], choices: AFFINITIES, fallback: "None" },
		context,
	);
	const path = ["spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"];
	const config = asRecord(spec.sessionAffinityConfig, path.slice(0, 2), context);
	const given = asRecord(config?.clientIP, path.slice(0, 3), context)?.timeoutSeconds ?? undefined;
	if (affinity === "None") return 0;
	if (given === undefined) return DEFAULT_AFFINITY_TIMEOUT_S;
	if (typeof given === "number" && Number.isInteger(given) && given > 0 && given <= MAX_AFFINITY_TIMEOUT_S) {
		return given;
	}
	const message = `is ${show(given)}; it must be a number of seconds from 1 to ${MAX_AFFINITY_TIMEOUT_S}`;
	context.problems.push({ path, message });
	return DEFAULT_AFFINITY_TIMEOUT_S;
}

/** As written; those of a manifest are checked. */
function readSourceRanges(spec: Fields, context: ParseContext): readonly string[] {
	const path = ["spec", "loadBalancerSourceRanges"];
	return asList(spec.loadBalancerSourceRanges, path, context).map((value, index) => {
		const text = asText(value, [...path, index], context);
		if (context.origin === "manifest" && typeof value === "string" && parseCidr(text) === undefined) {
			const message = `is ${show(text)}, which is no CIDR; write it as 10.0.0.0/8 or fd00::/64`;
			context.problems.push({ path: [...path, index], message });
		}
		return text;
	});
}

/** What an API server refuses in a Service whose fields do not go together. */
export function checkTraffic(spec: Fields, service: ServiceObject, context: ParseContext): void {
	const { type, externalIPs, externalTrafficPolicy, healthCheckNodePort } = service;
	const refuse = (field: string, message: string): void => {
		context.problems.push({ path: ["spec", field], message });
	};
	asOneOf(
		spec.trafficDistribution,
		{ path: ["spec", "trafficDistribution"], choices: DISTRIBUTIONS, fallback: "PreferClose" },
		context,
	);
	if (spec.externalTrafficPolicy !== undefined && type === "ClusterIP" && externalIPs.length === 0) {
		refuse(
			"externalTrafficPolicy",
			"is for Services that are reached from outside; this one has type ClusterIP and no externalIPs",
		);
	}
	if (healthCheckNodePort !== 0 && (type !== "LoadBalancer" || externalTrafficPolicy !== "Local")) {
		refuse("healthCheckNodePort", "is for type LoadBalancer with externalTrafficPolicy Local");
	}
	if (service.loadBalancerSourceRanges.length > 0 && type !== "LoadBalancer") {
		refuse("loadBalancerSourceRanges", `is for Services of type LoadBalancer; this one has type ${type}`);
	}
	if (spec.sessionAffinityConfig !== undefined && service.affinityTimeoutS === 0) {
		refuse("sessionAffinityConfig", "is for sessionAffinity ClientIP");
	}
}
