import type { Endpoint, ServicePortRow } from "../plan/row.ts";
import { rowId } from "../plan/row.ts";
import type { Problem } from "../problem.ts";
import { addressFamily, canonicalAddress } from "./address.ts";
import { mergeEndpoints } from "./endpoints.ts";
import type { EndpointSliceObject, ServiceObject } from "./objects.ts";

/** Rows of one Service, by row id, and what is wrong with it and its slices. */
export interface ServiceRows {
	rows: Map<string, ServicePortRow>;
	problems: Problem[];
}

/**
 * One Service and its slices as rows: one per port and family of `clusterIPs`. Pure; the order of `slices` does
 * not matter. Headless Services and ExternalName have no rows.
 */
export function serviceRows(service: ServiceObject, slices: readonly EndpointSliceObject[]): ServiceRows {
	const rows = new Map<string, ServicePortRow>();
	const problems: Problem[] = [];
	const clusterIPs = servedAddresses(service, problems);
	if (clusterIPs.length === 0) return { rows, problems };

	const seen = new Set<string>();
	for (const port of service.ports) {
		const refusal = refusePort(port, seen);
		seen.add(port.name);
		if (refusal !== undefined) problems.push(problemOf(service, refusal));
		if (refusal !== undefined || port.protocol === "SCTP") continue;
		for (const { address, family } of clusterIPs) {
			const endpoints = mergeEndpoints({
				slices,
				port: { ...port, protocol: port.protocol },
				family,
				problems,
			});
			const row = toRow({ service, port: { ...port, protocol: port.protocol }, address, family, endpoints });
			rows.set(rowId(row), row);
		}
	}
	return { rows, problems };
}

/** `spec.clusterIPs`, at most one of a family; empty for what a proxy does not serve. */
function servedAddresses(
	service: ServiceObject,
	problems: Problem[],
): { address: string; family: "IPv4" | "IPv6" }[] {
	if (service.type === "ExternalName") return [];
	const served: { address: string; family: "IPv4" | "IPv6" }[] = [];
	for (const text of service.clusterIPs) {
		if (text === "" || text === "None") continue;
		const family = addressFamily(text);
		const address = family && canonicalAddress(text, family);
		if (family === undefined || address === undefined) {
			problems.push(
				problemOf(service, {
					code: "BAD_OBJECT",
					why: `clusterIP "${text}" is not an address; it is not served`,
				}),
			);
		} else if (served.some((other) => other.family === family)) {
			problems.push(
				problemOf(service, {
					code: "BAD_OBJECT",
					why: `clusterIP ${text} is its second ${family} one; it is not served`,
				}),
			);
		} else {
			served.push({ address, family });
		}
	}
	return served;
}

interface Refusal {
	code: "BAD_OBJECT" | "PROTOCOL_UNSUPPORTED";
	why: string;
}

function refusePort(port: ServiceObject["ports"][number], seen: ReadonlySet<string>): Refusal | undefined {
	const label = port.name === "" ? `port ${port.port}` : `port "${port.name}"`;
	if (!isPort(port.port))
		return { code: "BAD_OBJECT", why: `${label} has number ${port.port}; it is not served` };
	if (seen.has(port.name))
		return { code: "BAD_OBJECT", why: `${label} has a name used twice; the first one is served` };
	if (port.protocol === "SCTP") {
		return {
			code: "PROTOCOL_UNSUPPORTED",
			why: `${label} is SCTP, which has no connect-time service; it is not served`,
		};
	}
	return undefined;
}

function toRow(parts: {
	service: ServiceObject;
	port: { name: string; protocol: "TCP" | "UDP"; port: number };
	address: string;
	family: "IPv4" | "IPv6";
	endpoints: readonly Endpoint[];
}): ServicePortRow {
	return {
		namespace: parts.service.namespace,
		name: parts.service.name,
		port: parts.port.name,
		protocol: parts.port.protocol,
		family: parts.family,
		frontends: [{ address: parts.address, port: parts.port.port, scope: "internal" }],
		endpoints: parts.endpoints,
		affinityTimeoutS: 0,
	};
}

function problemOf(service: ServiceObject, { code, why }: Refusal): Problem {
	const object = `Service ${service.namespace}/${service.name}`;
	return { id: `${object} ${why}`, object, code, message: `${object}: ${why}` };
}

/** True for a port that can be dialled. */
export function isPort(port: number): boolean {
	return Number.isInteger(port) && port >= 1 && port <= 65535;
}

/** True where both rows mean the same frontends and endpoints. */
export function sameRow(a: ServicePortRow, b: ServicePortRow): boolean {
	if (a.protocol !== b.protocol || a.affinityTimeoutS !== b.affinityTimeoutS) return false;
	if (a.frontends.length !== b.frontends.length || a.endpoints.length !== b.endpoints.length) return false;
	const frontends = a.frontends.every((frontend, i) => {
		const other = b.frontends[i];
		return (
			frontend.address === other?.address && frontend.port === other.port && frontend.scope === other.scope
		);
	});
	return (
		frontends &&
		a.endpoints.every((endpoint, i) => {
			const other = b.endpoints[i];
			return (
				endpoint.address === other?.address && endpoint.port === other.port && endpoint.state === other.state
			);
		})
	);
}
