import { type Backend, BackendFlag, BackendState, Protocol } from "../dataplane/generated/sock_lb.ts";
import { sameBackend } from "../dataplane/tables.ts";
import { createFreeNumbers, type FreeNumbers } from "./free-numbers.ts";
import type { Endpoint } from "./row.ts";

/**
 * Every backend number: what it means, who needs it. A number means one endpoint (address, port, protocol) as
 * long as any range of slots holds it, also one that is no longer dialled and waits for its grace period.
 */
export interface Backends {
	/** Number by `endpointKey`. */
	numbers: Map<string, number>;
	/** Desired cell by number; undefined where never used. */
	cells: (Backend | undefined)[];
	/** Cells that the plan in the making changed, by number. */
	changed: Map<number, Backend>;
	free: FreeNumbers;
	/** Ranges that hold a number, in use or in their grace period. */
	holders: Uint32Array;
	/** Ranges that a frontend in the kernel may point to. 0: nobody can be sent there any more. */
	dialled: Uint32Array;
	/** Rows that call the endpoint active, and those that call it terminating. */
	active: Uint32Array;
	terminating: Uint32Array;
	/** Rows that say that it is on this node. */
	local: Uint32Array;
}

/** Rows' ranges as the kernel has them give the first numbers; `cells` is as long as the map. */
export function createBackends(options: {
	cells: readonly (Backend | undefined)[];
	numbers: Map<string, number>;
	used: Iterable<number>;
}): Backends {
	const limit = options.cells.length;
	return {
		numbers: options.numbers,
		cells: [...options.cells],
		changed: new Map(),
		free: createFreeNumbers({ limit, used: options.used }),
		holders: new Uint32Array(limit),
		dialled: new Uint32Array(limit),
		active: new Uint32Array(limit),
		terminating: new Uint32Array(limit),
		local: new Uint32Array(limit),
	};
}

/** What makes an endpoint the same one: address, port, protocol number. */
export function endpointKey(endpoint: { address: string; port: number }, protocol: number): string {
	return `${endpoint.address} ${endpoint.port} ${protocol}`;
}

/** Number of an endpoint, a new one where it has none. The caller has made sure that there is one. */
export function assign(
	backends: Backends,
	options: { key: string; endpoint: Endpoint; protocol: Protocol },
): number {
	const known = backends.numbers.get(options.key);
	if (known !== undefined) return known;
	const number = backends.free.take();
	if (number === undefined) throw new RangeError("no backend number is free");
	const { endpoint, protocol } = options;
	const cell = {
		address: endpoint.address,
		port: endpoint.port,
		protocol,
		state: stateOf(endpoint),
		// Whoever remembers the number with the old counter must not take it for the new endpoint. 16 bits: it comes
		// again after 65,536 endpoints of one number, and numbers are given out longest unused first.
		reuse: ((backends.cells[number]?.reuse ?? 0) + 1) & 0xffff,
		flags: flagsOf(endpoint),
	};
	setCell(backends, { number, cell });
	backends.numbers.set(options.key, number);
	return number;
}

/** Somebody needs these numbers. */
export function hold(backends: Backends, numbers: readonly number[]): void {
	for (const number of numbers) increment(backends.holders, number);
}

/** A range that leads to these numbers came into being. Returns the backends that no other range led to. */
export function dial(backends: Backends, numbers: readonly number[]): Backend[] {
	const fresh: Backend[] = [];
	for (const number of numbers) {
		const cell = backends.cells[number];
		if (increment(backends.dialled, number) === 1 && cell !== undefined) fresh.push(cell);
	}
	return fresh;
}

/** Nobody can be sent to this range any more. Returns the backends that no other range leads to. */
export function undial(backends: Backends, numbers: readonly number[]): Backend[] {
	const gone: Backend[] = [];
	for (const number of numbers) {
		const cell = backends.cells[number];
		if (decrement(backends.dialled, number) === 0 && cell !== undefined) gone.push(cell);
	}
	return gone;
}

/** They are needed no more: numbers that nobody else holds are free again. */
export function unhold(backends: Backends, numbers: readonly number[]): void {
	for (const number of numbers) {
		if (decrement(backends.holders, number) > 0) continue;
		const cell = backends.cells[number];
		if (cell === undefined) continue;
		const key = endpointKey(cell, cell.protocol);
		if (backends.numbers.get(key) === number) backends.numbers.delete(key);
		setCell(backends, { number, cell: { ...NOTHING, reuse: cell.reuse } });
		if (number !== 0) backends.free.give(number);
	}
}

const NOTHING = {
	address: "::",
	port: 0,
	protocol: Protocol.TCP,
	state: BackendState.FREE,
	flags: BackendFlag.ELSEWHERE,
};

/** What a row says of its endpoints; `numbers` are theirs, in the same order. */
export interface Vote {
	endpoints: readonly Endpoint[];
	numbers: readonly number[];
}

/** A row says what state its endpoints are in, and whether they are here. */
export function vote(backends: Backends, { endpoints, numbers }: Vote): void {
	endpoints.forEach(({ state, local }, i) => {
		const number = numbers[i] ?? 0;
		increment(state === "active" ? backends.active : backends.terminating, number);
		if (local) increment(backends.local, number);
	});
}

/** A row takes back what it said. */
export function unvote(backends: Backends, { endpoints, numbers }: Vote): void {
	endpoints.forEach(({ state, local }, i) => {
		const number = numbers[i] ?? 0;
		decrement(state === "active" ? backends.active : backends.terminating, number);
		if (local) decrement(backends.local, number);
	});
}

/** Brings these backends up to date: active and local where any row says so, retired where no row has them. */
export function countVotes(backends: Backends, numbers: readonly number[]): void {
	for (const number of numbers) {
		const cell = backends.cells[number];
		if (cell === undefined || cell.state === BackendState.FREE) continue;
		const state = voted(backends, number);
		// Of one that has gone nobody says where it was: it stays what it is.
		const flags = state === BackendState.RETIRED ? cell.flags : votedFlags(backends, number);
		if (cell.state !== state || cell.flags !== flags) {
			setCell(backends, { number, cell: { ...cell, state, flags } });
		}
	}
}

function voted({ active, terminating }: Backends, number: number): BackendState {
	if ((active[number] ?? 0) > 0) return BackendState.ACTIVE;
	return (terminating[number] ?? 0) > 0 ? BackendState.TERMINATING : BackendState.RETIRED;
}

function votedFlags({ local }: Backends, number: number): BackendFlag {
	return (local[number] ?? 0) > 0 ? BackendFlag.LOCAL : BackendFlag.ELSEWHERE;
}

/** What the plan in the making changed so far; the next one begins with nothing. */
export function takeChanged(backends: Backends): Map<number, Backend> {
	const { changed } = backends;
	backends.changed = new Map();
	return changed;
}

function setCell({ cells, changed }: Backends, { number, cell }: { number: number; cell: Backend }): void {
	if (sameBackend(cells[number], cell)) return;
	cells[number] = cell;
	changed.set(number, cell);
}

function stateOf(endpoint: Endpoint): BackendState {
	return endpoint.state === "active" ? BackendState.ACTIVE : BackendState.TERMINATING;
}

function flagsOf({ local }: Endpoint): BackendFlag {
	return local ? BackendFlag.LOCAL : BackendFlag.ELSEWHERE;
}

function increment(counts: Uint32Array, number: number): number {
	const now = (counts[number] ?? 0) + 1;
	counts[number] = now;
	return now;
}

function decrement(counts: Uint32Array, number: number): number {
	const left = (counts[number] ?? 0) - 1;
	counts[number] = left;
	return left;
}
