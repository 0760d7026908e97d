import type { Backend, FrontendFlag, FrontendKey } from "../dataplane/generated/sock_lb.ts";
import type { Desired } from "../dataplane/tables.ts";
import type { Problem } from "../problem.ts";
import type { PlannedRow } from "./adopt.ts";
import type { Backends } from "./backends.ts";
import type { FreeNumbers } from "./free-numbers.ts";
import type { Leftovers } from "./leftovers.ts";
import type { MapUse } from "./map-use.ts";
import type { RetiredQueue } from "./retired.ts";
import type { ServicePortRow, TrafficPolicy } from "./row.ts";
import type { SlotAllocator } from "./slot-allocator.ts";

/** Limits of the five maps, in entries. */
export interface Limits {
	frontends: number;
	slots: number;
	backends: number;
	names: number;
	ranges: number;
}

/** A frontend without the slots that it leads to: those are its row's. */
export interface PlannedFrontend {
	key: FrontendKey;
	internal: TrafficPolicy;
	external: TrafficPolicy;
	/** Any number of its bits. */
	flags: FrontendFlag;
	/** It is at a ClusterIP, whose other ports are rejected. */
	guarded: boolean;
}

/** What the planner remembers from one plan to the next. */
export interface PlannerState {
	readonly limits: Limits;
	readonly backends: Backends;
	readonly slots: SlotAllocator;
	readonly services: FreeNumbers;
	readonly retired: RetiredQueue;
	/** Every frontend that should be, by `frontendText`, and the row that it belongs to. */
	readonly frontends: Map<string, PlannedFrontend & { owner: string }>;
	/** ClusterIPs that have a guard: how many frontends are at each. */
	readonly guards: Map<string, number>;
	/** Rows as last planned, by row id; at start, rows as the kernel has them. */
	readonly planned: Map<string, PlannedRow>;
	/** Rows as the model wants them, by row id. */
	readonly wanted: Map<string, ServicePortRow>;
	/** Rows planned before everything had synced: they may still have what they should not. */
	readonly provisional: Set<string>;
	/** Rows that do not fit, by row id. */
	readonly misfits: Map<string, Problem>;
	/** What an earlier run left in the maps. */
	readonly leftovers: Leftovers;
	/** Entries of svc_ranges in use. */
	rangesUsed: number;
	/** Something was given back since the misfits were last tried. */
	roomFreed: boolean;
	synced: boolean;
	/** The plan in the making. Changed backends are noted in `backends`. */
	draft: Draft;
}

/** What a plan in the making wants. */
export interface Draft extends Omit<Desired, "backends"> {
	/** Backends that nobody could be sent to before. */
	added: Backend[];
	/** UDP endpoints that a row has no more, not even to end their flows; another row may have them. */
	left: Backend[];
}

/** A plan that wants nothing yet. */
export function emptyDraft(): Draft {
	return { frontends: new Map(), slots: new Map(), names: new Map(), ranges: new Map(), added: [], left: [] };
}

/** How full the maps are, by what is planned and not yet given back. */
export function mapUse(state: PlannerState): MapUse[] {
	const { limits, frontends, guards } = state;
	return [
		{
			name: "svc_frontends",
			used: frontends.size + guards.size,
			limit: limits.frontends,
			guards: guards.size,
		},
		{ name: "svc_slots", used: state.slots.used, limit: limits.slots },
		// Number 0 stands for nothing in both.
		{ name: "svc_backends", used: state.backends.free.used, limit: Math.max(0, limits.backends - 1) },
		{ name: "svc_names", used: state.services.used, limit: Math.max(0, limits.names - 1) },
		{ name: "svc_ranges", used: state.rangesUsed, limit: limits.ranges },
	];
}
