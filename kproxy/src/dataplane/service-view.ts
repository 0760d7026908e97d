import {
	type Backend,
	BackendFlag,
	BackendState,
	type Frontend,
	FrontendFlag,
	type FrontendKey,
	type SlotRange,
} from "./generated/sock_lb.ts";
import { isRange, rangeCidr, rangeKey } from "./source-ranges.ts";
import {
	type FrontendEntry,
	frontendText,
	isGuard,
	type Mirror,
	protocolText,
	readTables,
	type ServiceTables,
} from "./tables.ts";

/** One backend of a frontend. `number` is its cell in svc_backends; undefined where the view is not the kernel's. */
export interface BackendView {
	number: number | undefined;
	address: string;
	port: number;
	/** `free` is a fault: a frontend must not lead to a free cell. */
	state: "active" | "terminating" | "retired" | "free";
	/** It is on this node. */
	local: boolean;
	/** Clients in the cluster are sent there. */
	internal: boolean;
	/** Clients from outside are. */
	external: boolean;
}

/** One frontend with its Service and backends, as plain data. */
export interface FrontendView {
	/** Of a NodePort `0.0.0.0` or `::`: every address of the node that serves them. */
	address: string;
	port: number;
	protocol: string;
	/** Of the Service; empty where the service number means nothing. */
	namespace: string;
	name: string;
	/** Name of the service port; empty where it has none. */
	portName: string;
	affinityTimeoutS: number;
	/** `Local`: clients from outside reach endpoints on this node only, and without one are dropped. */
	externalPolicy: "Cluster" | "Local";
	/** CIDRs that clients must come from, sorted; undefined where they may come from anywhere. */
	sourceRanges: readonly string[] | undefined;
	/** The node's own processes may dial it although they must come from there. */
	nodeAllowed: boolean;
	/** Sorted by address and port. */
	backends: readonly BackendView[];
}

/** Where two views differ. */
export interface ViewDifference {
	/** `10.96.0.10:53/UDP`. */
	frontend: string;
	/** What the first has and the second has not, and so on: one line. */
	difference: string;
}

/** What the kernel serves, frontend by frontend, sorted by Service and address. Cost: reads the five maps once. */
export function describeTables(tables: ServiceTables): FrontendView[] {
	return describeMirror(readTables(tables));
}

/** The same from maps already read. */
export function describeMirror(mirror: Mirror): FrontendView[] {
	const views: FrontendView[] = [];
	const cidrs = cidrsByService(mirror);
	for (const { key, value } of mirror.frontends.values()) {
		if (isGuard(key)) continue;
		const name = mirror.names.get(value.service);
		views.push({
			address: key.address,
			port: key.port,
			protocol: protocolText(key.protocol),
			namespace: name?.namespace ?? "",
			name: name?.name ?? "",
			portName: name?.port ?? "",
			affinityTimeoutS: value.affinityTimeoutS,
			externalPolicy: (value.flags & FrontendFlag.LOCAL_EXTERNAL) === 0 ? "Cluster" : "Local",
			...describeRanges(value.flags, cidrs.get(value.service) ?? []),
			backends: describeBackends(mirror, value),
		});
	}
	return sortViews(views);
}

/** What a frontend's flags and its Service's ranges say of who may dial it. */
export function describeRanges(
	flags: FrontendFlag,
	cidrs: readonly string[],
): Pick<FrontendView, "sourceRanges" | "nodeAllowed"> {
	const ranged = (flags & FrontendFlag.SOURCE_RANGES) !== 0;
	return {
		sourceRanges: ranged ? [...new Set(cidrs.map(oneSpelling))].sort() : undefined,
		nodeAllowed: (flags & FrontendFlag.NODE_ALLOWED) !== 0,
	};
}

/** Without host bits, as svc_ranges has it. */
function oneSpelling(cidr: string): string {
	return rangeCidr(rangeKey(0, cidr));
}

function cidrsByService({ ranges }: Mirror): Map<number, string[]> {
	const cidrs = new Map<number, string[]>();
	for (const key of ranges.values()) {
		if (!isRange(key)) continue;
		cidrs.set(key.service, [...(cidrs.get(key.service) ?? []), rangeCidr(key)]);
	}
	return cidrs;
}

function describeBackends(mirror: Mirror, { internal, external }: Frontend): BackendView[] {
	const backends: BackendView[] = [];
	const slots = new Set([...slotsOf(mirror, internal), ...slotsOf(mirror, external)]);
	for (const slot of slots) {
		const scopes = { internal: isIn(slot, internal), external: isIn(slot, external) };
		backends.push({ ...describeBackend(mirror, mirror.slots[slot] ?? 0), ...scopes });
	}
	return backends.sort(byAddress);
}

/**
 * Does a frontend lead to a backend, or do flows to it go on? A NodePort is given with the address that was dialled. False
 * where there is no such frontend.
 */
export function leadsTo(
	mirror: Mirror,
	{ frontend, backend }: { frontend: FrontendKey; backend: { address: string; port: number } },
): boolean {
	const entry = findFrontend(mirror, frontend);
	if (entry === undefined) return false;
	const isIt = (cell: Backend | undefined) => cell?.address === backend.address && cell.port === backend.port;
	const { internal, external } = entry.value;
	for (const slot of [...slotsOf(mirror, internal), ...slotsOf(mirror, external)]) {
		if (isIt(mirror.backends[mirror.slots[slot] ?? 0])) return true;
	}
	return mirror.backends.some((cell) => cell?.state === BackendState.TERMINATING && isIt(cell));
}

/** The entry of a frontend as a client dialled it: a NodePort is known by its port alone. */
export function findFrontend({ frontends }: Mirror, key: FrontendKey): FrontendEntry | undefined {
	const any = { ...key, address: key.address.includes(":") ? "::" : "0.0.0.0" };
	return frontends.get(frontendText(key)) ?? frontends.get(frontendText(any));
}

function* slotsOf({ slots }: Mirror, { first, count }: SlotRange): Generator<number> {
	for (let slot = first; slot < Math.min(first + count, slots.length); slot += 1) yield slot;
}

function isIn(slot: number, { first, count }: SlotRange): boolean {
	return slot >= first && slot < first + count;
}

function describeBackend(mirror: Mirror, number: number): Omit<BackendView, "internal" | "external"> {
	const cell = mirror.backends[number];
	if (cell === undefined) return { number, address: "::", port: 0, state: "free", local: false };
	const { address, port, state, flags } = cell;
	return { number, address, port, state: stateText(state), local: (flags & BackendFlag.LOCAL) !== 0 };
}

/** How the state of a backend is written. */
export function stateText(state: number): BackendView["state"] {
	if (state === BackendState.FREE) return "free";
	if (state === BackendState.RETIRED) return "retired";
	return state === BackendState.TERMINATING ? "terminating" : "active";
}

/** Sorted by Service, port name, address and port; the order of every listing. */
export function sortViews(views: FrontendView[]): FrontendView[] {
	return views.sort(
		(a, b) =>
			compare(a.namespace, b.namespace) ||
			compare(a.name, b.name) ||
			compare(a.portName, b.portName) ||
			byAddress(a, b) ||
			compare(a.protocol, b.protocol),
	);
}

/** Order of addresses and ports in listings. */
export function byAddress(
	a: { address: string; port: number },
	b: { address: string; port: number },
): number {
	return compare(a.address, b.address) || a.port - b.port;
}

function compare(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}

/**
 * What `actual` has otherwise than `expected`, one line per difference, in the order of listings. Numbers of
 * backends do not count: they are the kernel's own.
 */
export function compareViews(
	expected: readonly FrontendView[],
	actual: readonly FrontendView[],
): ViewDifference[] {
	const differences: ViewDifference[] = [];
	const others = new Map(actual.map((view) => [viewText(view), view]));
	for (const view of expected) {
		const text = viewText(view);
		const other = others.get(text);
		others.delete(text);
		if (other === undefined) differences.push({ frontend: text, difference: "missing" });
		else for (const difference of compareView(view, other)) differences.push({ frontend: text, difference });
	}
	for (const text of others.keys()) differences.push({ frontend: text, difference: "not expected" });
	return differences;
}

function compareView(expected: FrontendView, actual: FrontendView): string[] {
	const lines: string[] = [];
	const owner = serviceText(actual);
	if (owner !== serviceText(expected)) lines.push(`belongs to ${owner}, expected ${serviceText(expected)}`);
	if (actual.affinityTimeoutS !== expected.affinityTimeoutS) {
		lines.push(`affinity lasts ${actual.affinityTimeoutS} s, expected ${expected.affinityTimeoutS} s`);
	}
	if (actual.externalPolicy !== expected.externalPolicy) {
		lines.push(`external policy is ${actual.externalPolicy}, expected ${expected.externalPolicy}`);
	}
	const ranges = rangesText(actual);
	if (ranges !== rangesText(expected)) lines.push(`admits ${ranges}, expected ${rangesText(expected)}`);
	const others = new Map(actual.backends.map((backend) => [backendText(backend), backend]));
	for (const backend of expected.backends) {
		const text = backendText(backend);
		const other = others.get(text);
		others.delete(text);
		if (other === undefined) lines.push(`lacks backend ${text}`);
		else if (aboutText(other) !== aboutText(backend))
			lines.push(`backend ${text} is ${aboutText(other)}, expected ${aboutText(backend)}`);
	}
	for (const text of others.keys()) lines.push(`has backend ${text}, not expected`);
	return lines;
}

function serviceText(view: FrontendView): string {
	return view.name === "" ? "no Service" : `${view.namespace}/${view.name}:${view.portName}`;
}

function rangesText({ sourceRanges, nodeAllowed }: FrontendView): string {
	if (sourceRanges === undefined) return "everybody";
	return `${sourceRanges.join(", ") || "nobody"}${nodeAllowed ? " and this node" : ""}`;
}

/** As in `active, local, external clients only`. */
function aboutText({ state, local, internal, external }: BackendView): string {
	const scope = internal === external ? [] : [internal ? "internal clients only" : "external clients only"];
	return [state, ...(local ? ["local"] : []), ...scope].join(", ");
}

function backendText({ address, port }: { address: string; port: number }): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function viewText(view: FrontendView): string {
	return `${backendText(view)}/${view.protocol}`;
}
