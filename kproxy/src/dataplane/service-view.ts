import { BackendState, Scope } from "./generated/sock_lb.ts";
import { type Mirror, protocolText, readTables, type ServiceTables } from "./tables.ts";

/** One backend of a frontend. `number` is its cell in svc_backends; undefined where the view is not the kernel's. */
export interface BackendView {
	number: number | undefined;
	address: string;
	port: number;
	/** `free` is a fault: a frontend must not lead to a free cell. */
	state: "active" | "terminating" | "free";
}

/** One frontend with its Service and backends, as plain data. */
export interface FrontendView {
	address: string;
	port: number;
	protocol: string;
	scope: "internal" | "external";
	/** Of the Service; empty where the service number means nothing. */
	namespace: string;
	name: string;
	/** Name of the service port; empty where it has none. */
	portName: string;
	affinityTimeoutS: number;
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

/** What the kernel serves, frontend by frontend, sorted by Service and address. Cost: reads the four maps once. */
export function describeTables(tables: ServiceTables): FrontendView[] {
	return describeMirror(readTables(tables));
}

/** The same from maps already read. */
export function describeMirror(mirror: Mirror): FrontendView[] {
	const views: FrontendView[] = [];
	for (const { key, value } of mirror.frontends.values()) {
		const name = mirror.names.get(value.service);
		const end = Math.min(value.firstSlot + value.slotCount, mirror.slots.length);
		const backends: BackendView[] = [];
		for (let slot = value.firstSlot; slot < end; slot += 1) {
			backends.push(describeBackend(mirror, mirror.slots[slot] ?? 0));
		}
		views.push({
			address: key.address,
			port: key.port,
			protocol: protocolText(key.protocol),
			scope: key.scope === Scope.EXTERNAL ? "external" : "internal",
			namespace: name?.namespace ?? "",
			name: name?.name ?? "",
			portName: name?.port ?? "",
			affinityTimeoutS: value.affinityTimeoutS,
			backends: backends.sort(byAddress),
		});
	}
	return sortViews(views);
}

function describeBackend(mirror: Mirror, number: number): BackendView {
	const cell = mirror.backends[number];
	if (cell === undefined) return { number, address: "::", port: 0, state: "free" };
	return { number, address: cell.address, port: cell.port, state: stateText(cell.state) };
}

function stateText(state: number): BackendView["state"] {
	if (state === BackendState.FREE) return "free";
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
			compare(a.protocol, b.protocol) ||
			compare(a.scope, b.scope),
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
	const others = new Map(actual.backends.map((backend) => [backendText(backend), backend]));
	for (const backend of expected.backends) {
		const text = backendText(backend);
		const other = others.get(text);
		others.delete(text);
		if (other === undefined) lines.push(`lacks backend ${text}`);
		else if (other.state !== backend.state)
			lines.push(`backend ${text} is ${other.state}, expected ${backend.state}`);
	}
	for (const text of others.keys()) lines.push(`has backend ${text}, not expected`);
	return lines;
}

function serviceText(view: FrontendView): string {
	return view.name === "" ? "no Service" : `${view.namespace}/${view.name}:${view.portName}`;
}

function backendText({ address, port }: BackendView): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function viewText(view: FrontendView): string {
	return `${backendText({ ...view, number: undefined, state: "free" })}/${view.protocol}${view.scope === "external" ? "/external" : ""}`;
}
