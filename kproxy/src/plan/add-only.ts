import { FrontendFlag, Protocol } from "../dataplane/generated/sock_lb.ts";
import type { PlannedRow } from "./adopt.ts";
import { isUnsound } from "./frontend-groups.ts";
import { frontendsOf } from "./frontends.ts";
import { place } from "./place.ts";
import type { Endpoint, ServicePortRow } from "./row.ts";
import type { PlannedFrontend, PlannerState } from "./state.ts";

/**
 * Plans a row before everything has synced, when an endpoint may be missing only because its slice has not come
 * yet. So the row keeps what the kernel has for it and gets what is new; a new one waits for its first endpoint,
 * lest it refuse clients. Endpoints that terminate wait too: there may be better ones to come.
 */
export function addOnly(state: PlannerState, { id, row }: { id: string; row: ServicePortRow }): void {
	const previous = state.planned.get(id);
	const active = row.endpoints.every(isActive) ? row.endpoints : row.endpoints.filter(isActive);
	if (previous === undefined && active.length === 0) return;
	const frontends = keptFrontends(state, previous);
	for (const {
		key: { protocol },
	} of frontends.values()) {
		// The port has changed its protocol: nothing of the old one can serve the new.
		if (protocol !== Protocol[row.protocol]) return;
	}
	for (const [text, frontend] of frontendsOf(row)) {
		const owner = state.frontends.get(text)?.owner;
		// What the kernel has under another name stays there until it is known that nobody else wants it.
		if (owner === undefined || owner === id || isUnsound(owner)) frontends.set(text, frontend);
	}
	if (frontends.size === 0) return;
	const endpoints = unite(previous?.endpoints ?? [], active);
	const whole = endpoints === row.endpoints && !previous && frontends.size === row.frontends.length;
	place(state, { id, row: withRanges(row, { previous, frontends }), endpoints, frontends, whole });
}

/** A load balancer's address that may be gone keeps its ranges as long as it stays. */
function withRanges(
	row: ServicePortRow,
	{
		previous,
		frontends,
	}: { previous: PlannedRow | undefined; frontends: ReadonlyMap<string, PlannedFrontend> },
): ServicePortRow {
	if (previous === undefined || previous.sourceRanges.length === 0) return row;
	const now = frontendsOf(row);
	const kept = [...frontends].some(
		([text, { flags }]) => !now.has(text) && (flags & FrontendFlag.SOURCE_RANGES) !== 0,
	);
	return kept ? { ...row, sourceRanges: [...previous.sourceRanges, ...row.sourceRanges] } : row;
}

function isActive({ state }: Endpoint): boolean {
	return state === "active";
}

function keptFrontends(state: PlannerState, previous: PlannedRow | undefined): Map<string, PlannedFrontend> {
	const frontends = new Map<string, PlannedFrontend>();
	for (const text of previous?.keys ?? []) {
		const known = state.frontends.get(text);
		if (known !== undefined && known.owner === previous?.id) frontends.set(text, known);
	}
	return frontends;
}

/**
 * All endpoints of both, sorted as rows have them; the newer state counts. What was for a policy stays for it: hints
 * decide over all slices, and some may be missing.
 */
function unite(old: readonly Endpoint[], now: readonly Endpoint[]): readonly Endpoint[] {
	if (old.length === 0) return now;
	const all = new Map(old.map((endpoint) => [endpointText(endpoint), endpoint]));
	for (const endpoint of now) {
		const text = endpointText(endpoint);
		const known = all.get(text);
		all.set(text, {
			...endpoint,
			forCluster: endpoint.forCluster || known?.forCluster === true,
			forLocal: endpoint.forLocal || known?.forLocal === true,
		});
	}
	return [...all.values()].sort((a, b) => {
		if (a.address === b.address) return a.port - b.port;
		return a.address < b.address ? -1 : 1;
	});
}

function endpointText({ address, port }: Endpoint): string {
	return `${address} ${port}`;
}
