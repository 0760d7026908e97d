import { sealFrontend } from "../dataplane/frontend-check.ts";
import { Algorithm, FrontendFlag, type FrontendKey, Protocol } from "../dataplane/generated/sock_lb.ts";
import { type FrontendEntry, frontendText } from "../dataplane/tables.ts";
import type { RowFrontend, ServicePortRow } from "./row.ts";
import type { PlannedFrontend, PlannerState } from "./state.ts";

/** The frontends of a row as the kernel keys them, by `frontendText`. */
export function frontendsOf(row: ServicePortRow): Map<string, PlannedFrontend> {
	const frontends = new Map<string, PlannedFrontend>();
	for (const frontend of row.frontends) {
		const { kind, address, port, internal, external } = frontend;
		const key = { address, port, protocol: Protocol[row.protocol] };
		const flags = flagsOf(row, frontend);
		frontends.set(frontendText(key), { key, internal, external, flags, guarded: kind === "ClusterIP" });
	}
	return frontends;
}

function flagsOf(row: ServicePortRow, { kind, external }: RowFrontend): FrontendFlag {
	let flags: number = external === "Local" ? FrontendFlag.LOCAL_EXTERNAL : FrontendFlag.PLAIN;
	if (kind === "LoadBalancer" && row.sourceRanges.length > 0) {
		flags |= FrontendFlag.SOURCE_RANGES;
		if (row.nodeInSourceRanges) flags |= FrontendFlag.NODE_ALLOWED;
	}
	return flags as FrontendFlag;
}

/** Notes that a frontend belongs to a row, and keeps the guard of its address with it. */
export function putFrontend(
	state: PlannerState,
	{ text, frontend, owner }: { text: string; frontend: PlannedFrontend; owner: string },
): void {
	const known = state.frontends.get(text);
	state.frontends.set(text, { ...frontend, owner });
	if (known?.guarded === true && !frontend.guarded) leaveGuard(state, known.key.address);
	if (known?.guarded !== true && frontend.guarded) joinGuard(state, frontend.key.address);
}

/** Takes a frontend away from the row that has it. */
export function dropFrontend(state: PlannerState, text: string): void {
	const known = state.frontends.get(text);
	if (known === undefined) return;
	state.frontends.delete(text);
	state.roomFreed = true;
	state.draft.frontends.set(text, { key: known.key, value: undefined });
	if (known.guarded) leaveGuard(state, known.key.address);
}

function joinGuard({ guards, draft }: PlannerState, address: string): void {
	const count = guards.get(address) ?? 0;
	guards.set(address, count + 1);
	if (count === 0) {
		const guard = guardOf(address);
		draft.frontends.set(frontendText(guard.key), guard);
	}
}

function leaveGuard({ guards, draft }: PlannerState, address: string): void {
	const count = guards.get(address) ?? 0;
	if (count > 1) {
		guards.set(address, count - 1);
		return;
	}
	guards.delete(address);
	const key = guardKey(address);
	draft.frontends.set(frontendText(key), { key, value: undefined });
}

/** The key of a ClusterIP's guard, which stands for every port that has no entry of its own. */
export function guardKey(address: string): FrontendKey {
	return { address, port: 0, protocol: Protocol.ANY };
}

/** The guard of a ClusterIP, as it should be. */
export function guardOf(address: string): FrontendEntry {
	const key = guardKey(address);
	return { key, value: sealFrontend(key, GUARD) };
}

const NO_SLOTS = { first: 0, count: 0 };

const GUARD = {
	internal: NO_SLOTS,
	external: NO_SLOTS,
	service: 0,
	affinityTimeoutS: 0,
	algorithm: Algorithm.RANDOM,
	flags: FrontendFlag.PLAIN,
};
