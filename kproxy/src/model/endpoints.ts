import type { Endpoint } from "../plan/row.ts";
import type { Problem } from "../problem.ts";
import { canonicalAddress } from "./address.ts";
import type { EndpointSliceObject } from "./objects.ts";

type SliceEndpoint = EndpointSliceObject["endpoints"][number];

/** How much an endpoint may do. Where two slices have one address and port the higher wins: slices have no order. */
const Rank = { NONE: 0, TERMINATING: 1, READY: 2 } as const;
type Rank = (typeof Rank)[keyof typeof Rank];

interface Candidate {
	address: string;
	port: number;
	rank: Rank;
}

/**
 * The endpoints of one service port in one family that take new connections, from all slices: the ready ones, or,
 * where none is ready, those that still serve while terminating (KEP-1669). Each address and port once, sorted.
 */
export function mergeEndpoints(options: {
	slices: readonly EndpointSliceObject[];
	port: { name: string; protocol: "TCP" | "UDP" };
	family: "IPv4" | "IPv6";
	problems: Problem[];
}): readonly Endpoint[] {
	const candidates = new Map<string, Candidate>();
	for (const slice of options.slices) {
		// FQDN slices have no addresses; the other family's belong to the other row.
		if (slice.addressType !== options.family) continue;
		for (const port of targetPorts(slice, options)) collect(slice, { ...options, port, candidates });
	}
	return usable(candidates);
}

/** Numbers that this slice gives the service port. Slices of one Service may disagree: pods name ports themselves. */
function targetPorts(
	slice: EndpointSliceObject,
	options: { port: { name: string; protocol: "TCP" | "UDP" }; problems: Problem[] },
): number[] {
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
		problems: Problem[];
		candidates: Map<string, Candidate>;
	},
): void {
	const { port, family, problems, candidates } = options;
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
		if (known === undefined) candidates.set(key, { address, port, rank });
		else if (known.rank < rank) known.rank = rank;
	}
}

/**
 * What a slice says about each address in the end: it may name one twice, as when a pod takes over the address of
 * one that is going. The later entry counts, unless it is the one that terminates. As kube-proxy 1.36 has it.
 */
function lastWord(endpoints: readonly SliceEndpoint[]): Map<string, SliceEndpoint> {
	const said = new Map<string, SliceEndpoint>();
	for (const endpoint of endpoints) {
		// The addresses of one endpoint are fungible: all clients use the first.
		const [address] = endpoint.addresses;
		if (address === undefined) continue;
		const before = said.get(address);
		if (before === undefined || before.terminating || !endpoint.terminating) said.set(address, endpoint);
	}
	return said;
}

function rankOf(endpoint: SliceEndpoint): Rank {
	if (endpoint.ready) return Rank.READY;
	return endpoint.serving && endpoint.terminating ? Rank.TERMINATING : Rank.NONE;
}

function usable(candidates: ReadonlyMap<string, Candidate>): readonly Endpoint[] {
	const all = [...candidates.values()];
	const ready = all.filter((candidate) => candidate.rank === Rank.READY);
	const chosen = ready.length > 0 ? ready : all;
	const state = ready.length > 0 ? "active" : "terminating";
	chosen.sort((a, b) => (a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1));
	return chosen.map(({ address, port }) => ({ address, port, state }));
}

function problemOf(slice: EndpointSliceObject, why: string): Problem {
	const object = `EndpointSlice ${slice.namespace}/${slice.name}`;
	return { id: `${object} ${why}`, object, code: "BAD_OBJECT", message: `${object}: ${why}` };
}
