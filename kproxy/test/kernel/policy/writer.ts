/** Writes policy as a daemon does over its life: changes step by step, everything anew; and deletes what is left over. */
import { PolicyFlag } from "../../../src/dataplane/generated/tc.ts";
import type { PolicyMaps } from "../../../src/dataplane/policy-maps.ts";
import * as sync from "../../../src/dataplane/policy-sync.ts";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import type { PolicyStep, PolicyTables } from "../../../src/plan/policy/tables.ts";
import type { Change } from "../../../src/watch/source.ts";
import { NODE } from "../../plan/policy/cluster.ts";
import { IFINDEX } from "./policy-kernel.ts";

/** What is put to the test; a copy of it may have a bug. */
export type PolicyCode = Pick<
	typeof sync,
	| "writePolicyStep"
	| "writePolicyWhole"
	| "deletePolicyLeftovers"
	| "deleteOldGenerations"
	| "readPolicyBefore"
> & { createPolicyPlanner: typeof createPolicyPlanner };

/** The package's own. */
export const POLICY_CODE: PolicyCode = { ...sync, createPolicyPlanner };

export interface Writer {
	/** Begins with these objects, over whatever an earlier daemon has left. */
	restart(objects: readonly Change[]): void;
	change(changes: readonly Change[]): void;
	/** Nothing that was planned of late has been written. */
	rewrite(changes: readonly Change[]): void;
	purge(): void;
	readonly tables: PolicyTables;
}

/** `maps` may be watched; `recheck` as in policy_state. */
export function createWriter(
	maps: PolicyMaps,
	{ code, recheck }: { code: PolicyCode; recheck: boolean },
): Writer {
	let planner = code.createPolicyPlanner({ nodeName: NODE });
	let leftovers: PolicyStep[] = [];
	/** There is more in the kernel than what was written last and what steps have left since. */
	let hasOld = false;
	let { epoch, generation } = maps.state.get(0) ?? { epoch: 0, generation: 0 };
	const place = () => ({ generation, ifindexOf: () => IFINDEX });

	function setState(): void {
		epoch += 1;
		const flags = (PolicyFlag.ENFORCED | (recheck ? PolicyFlag.RECHECKED : 0)) as PolicyFlag;
		maps.state.set(0, { epoch, generation, adoptUntilNs: 0n, flags });
	}

	const writer: Writer = {
		restart(objects) {
			planner = code.createPolicyPlanner({ nodeName: NODE, before: code.readPolicyBefore(maps) });
			leftovers = [];
			writer.rewrite(objects);
		},
		change(changes) {
			const steps = planner.update(changes);
			for (const step of steps) code.writePolicyStep(maps, step, place());
			leftovers.push(...steps);
			setState();
		},
		rewrite(changes) {
			planner.update(changes, { isLive: false });
			generation += 1;
			code.writePolicyWhole(maps, planner.tables, place());
			hasOld = true;
			setState();
		},
		purge() {
			for (const left of leftovers) code.deletePolicyLeftovers(maps, left);
			leftovers = [];
			if (!hasOld) return;
			code.deleteOldGenerations(maps, { tables: planner.tables, generation, waiting: [] });
			hasOld = false;
		},
		get tables() {
			return planner.tables;
		},
	};
	return writer;
}
