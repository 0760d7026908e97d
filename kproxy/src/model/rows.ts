import { type RowFrontend, rowId, type ServicePortRow } from "../plan/row.ts";
import type { Problem } from "../problem.ts";
import { cidrContains } from "./cidr.ts";
import { mergeEndpoints } from "./endpoints.ts";
import { type PortRange, portFrontends, type ServiceAddresses, serviceAddresses } from "./frontends.ts";
import type { EndpointSliceObject, ServiceObject, ServicePort } from "./objects.ts";
import { serviceProblem } from "./service-problem.ts";
import type { NodePlace, UsedPolicies } from "./topology.ts";

/** Rows of one Service, by row id, and what is wrong with it and its slices. */
export interface ServiceRows {
	rows: Map<string, ServicePortRow>;
	problems: Problem[];
}

/** What rows depend on besides the Service and its slices. */
export interface RowContext {
	node: NodePlace;
	/** This node's own addresses, both families. */
	nodeIPs: readonly string[];
	nodePortRange: PortRange;
}

/**
 * One Service and its slices as rows: one per port and family of `clusterIPs`. Pure; the order of `slices` does
 * not matter. Headless Services and ExternalName have no rows.
 */
export function serviceRows(
	service: ServiceObject,
	slices: readonly EndpointSliceObject[],
	context: RowContext,
): ServiceRows {
	const rows = new Map<string, ServicePortRow>();
	const problems: Problem[] = [];
	const families = serviceAddresses(service, problems);
	if (families.length === 0) return { rows, problems };

	const seen = new Set<string>();
	for (const port of service.ports) {
		const refusal = refusePort(port, seen);
		seen.add(port.name);
		if (refusal !== undefined) {
			problems.push(serviceProblem(service, refusal));
			continue;
		}
		for (const addresses of families) {
			const row = toRow(service, { slices, port, addresses, context, problems });
			rows.set(rowId(row), row);
		}
	}
	return { rows, problems };
}

/** Why a port is not served; undefined where it is. */
function refusePort(port: ServicePort, seen: ReadonlySet<string>): string | undefined {
	const label = port.name === "" ? `port ${port.port}` : `port "${port.name}"`;
	if (!isPort(port.port)) return `${label} has number ${port.port}; it is not served`;
	return seen.has(port.name) ? `${label} has a name used twice; the first one is served` : undefined;
}

function toRow(
	service: ServiceObject,
	parts: {
		slices: readonly EndpointSliceObject[];
		port: ServicePort;
		addresses: ServiceAddresses;
		context: RowContext;
		problems: Problem[];
	},
): ServicePortRow {
	const { slices, port, addresses, context, problems } = parts;
	const { family, sourceRanges } = addresses;
	const { nodePortRange, node, nodeIPs } = context;
	const frontends = portFrontends(service, { port, addresses, nodePortRange, problems });
	return {
		namespace: service.namespace,
		name: service.name,
		port: port.name,
		protocol: port.protocol,
		family,
		frontends,
		endpoints: mergeEndpoints({ slices, port, family, node, used: usedPolicies(frontends), problems }),
		affinityTimeoutS: service.affinityTimeoutS,
		sourceRanges,
		nodeInSourceRanges: sourceRanges.some((range) => nodeIPs.some((address) => cidrContains(range, address))),
	};
}

function usedPolicies(frontends: readonly RowFrontend[]): UsedPolicies {
	const uses = (policy: string): boolean =>
		frontends.some(({ internal, external }) => internal === policy || external === policy);
	return { cluster: uses("Cluster"), local: uses("Local") };
}

/** True for a port that can be dialled. */
function isPort(port: number): boolean {
	return Number.isInteger(port) && port >= 1 && port <= 65535;
}
