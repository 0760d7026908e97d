import type { Endpoint } from "../plan/row.ts";
import type { Problem } from "../problem.ts";
import { canonicalAddress } from "./address.ts";
import type { EndpointSliceObject, SliceEndpoint } from "./objects.ts";
import { type Candidate, chooseEndpoints, type NodePlace, Rank, type UsedPolicies } from "./topology.ts";

type Port = Pick<EndpointSliceObject["ports"][number], "name" | "protocol">;

/** What the endpoints of one row depend on. */
export interface EndpointsQuery {
	slices: readonly EndpointSliceObject[];
	port: Port;
	family: "IPv4" | "IPv6";
	node: NodePlace;
	/** The policies of the row's frontends. */
	used: UsedPolicies;
	/** Gets what is wrong with slices. */
	problems: Problem[];
}

/** The endpoints of one service port in one family from all slices: each address and port once, sorted. */
export function mergeEndpoints(query: EndpointsQuery): readonly Endpoint[] {
	const candidates = new Map<string, Candidate>();
	for (const slice of byName(query.slices)) {
		// FQDN slices have no addresses; the other family's belong to the other row.
		if (slice.addressType !== query.family) continue;
		for (const port of targetPorts(slice, query)) collect(slice, { ...query, port, candidates });
	}
	const sorted = [...candidates.values()].sort((a, b) =>
		a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1,
	);
	return chooseEndpoints(sorted, query);
}

/** Slices come in any order; where two say different things of one endpoint, the outcome must not depend on it. */
function byName(slices: readonly EndpointSliceObject[]): readonly EndpointSliceObject[] {
	return slices.length < 2 ? slices : slices.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Numbers that this slice gives the service port. Slices of one Service may disagree: pods name ports themselves. */
function targetPorts(slice: EndpointSliceObject, options: { port: Port; problems: Problem[] }): number[] {
	const numbers: number[] = [];
	for (const port of slice.ports) {
		if (port.name !== options.port.name || port.protocol !== options.port.protocol) continue;
		if (port.port !== undefined && Number.isInteger(port.port) && port.port >= 1 && port.port <= 65535) {
			numbers.push(port.port);
		} else {
			const why = `port "${port.name}" has ${port.port === undefined ? "no number" : `number ${port.port}`}; its endpoints are left out`;
			options.problems.push(problemOf(slice, why));
		}
	}
	return numbers;
}

function collect(
	slice: EndpointSliceObject,
	options: {
		port: number;
		family: "IPv4" | "IPv6";
		node: NodePlace;
		problems: Problem[];
		candidates: Map<string, Candidate>;
	},
): void {
	const { port, family, node, problems, candidates } = options;
	for (const [text, endpoint] of lastWord(slice.endpoints)) {
		const rank = rankOf(endpoint);
		if (rank === Rank.NONE) continue;
		const address = canonicalAddress(text, family);
		if (address === undefined) {
			problems.push(problemOf(slice, `endpoint "${text}" is not an ${family} address; it is left out`));
			continue;
		}
		const key = `${address} ${port}`;
		const known = candidates.get(key);
		// Where two slices have one address and port, the one that may do more counts.
		if (known !== undefined && known.rank >= rank) continue;
		const { nodeName, forZones, forNodes } = endpoint;
		const local = nodeName !== undefined && nodeName !== "" && nodeName === node.name;
		candidates.set(key, { address, port, rank, local, forZones, forNodes });
	}
}

/** How many addresses of a family are ready on this node, over all ports: what a health check node port tells. */
export function countLocalReady(
	slices: readonly EndpointSliceObject[],
	{ family, nodeName }: { family: "IPv4" | "IPv6"; nodeName: string },
): number {
	const addresses = new Set<string>();
	for (const slice of slices) {
		if (slice.addressType !== family || slice.ports.every(({ port }) => port === undefined)) continue;
		for (const [address, endpoint] of lastWord(slice.endpoints)) {
			if (endpoint.ready && nodeName !== "" && endpoint.nodeName === nodeName) addresses.add(address);
		}
	}
	return addresses.size;
}

/**
 * What a slice says about each address in the end: it may name one twice, as when a pod takes over the address of
 * one that is going. The later entry counts, unless it terminates. As kube-proxy 1.36 has it.
 */
function lastWord(endpoints: readonly SliceEndpoint[]): Map<string, SliceEndpoint> {
	const said = new Map<string, SliceEndpoint>();
	for (const endpoint of endpoints) {
		// The addresses of one endpoint are fungible: all clients use the first.
		const [address] = endpoint.addresses;
		if (address === undefined) continue;
		if (!said.has(address) || !endpoint.terminating) said.set(address, endpoint);
	}
	return said;
}

function rankOf(endpoint: SliceEndpoint): Rank {
	if (endpoint.ready) return Rank.READY;
	return endpoint.serving && endpoint.terminating ? Rank.TERMINATING : Rank.NONE;
}

function problemOf(slice: EndpointSliceObject, why: string): Problem {
	const object = `EndpointSlice ${slice.namespace}/${slice.name}`;
	return { id: `${object} ${why}`, object, code: "BAD_OBJECT", message: `${object}: ${why}` };
}
