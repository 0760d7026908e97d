import { isDeepStrictEqual } from "node:util";
import { BpfError } from "bpf-loader";
import { writeMap } from "./dataplane/devices/node-maps.ts";
import type { PodAddresses, PodTies } from "./dataplane/devices/tie-pods.ts";
import { PodInterface, PolicyFlag } from "./dataplane/generated/tc.ts";
import { monotonicNs } from "./dataplane/monotonic.ts";
import { isEnforced, type PolicyMaps } from "./dataplane/policy-maps.ts";
import {
	deleteOldGenerations,
	deletePolicyLeftovers,
	deleteUnfinishedGenerations,
	type PolicyLeftovers,
	type PolicyPlace,
	readPolicyBefore,
	writePods,
	writePolicyStep,
	writePolicyWhole,
} from "./dataplane/policy-sync.ts";
import { createUseWarnings, type MapUse } from "./plan/map-use.ts";
import { DEFAULT_GRACE_MS } from "./plan/planner.ts";
import { explainPolicyOverflow, policyUse } from "./plan/policy/fit.ts";
import { createPolicyPlanner } from "./plan/policy/planner.ts";
import type { PodEntry, PolicyStep } from "./plan/policy/tables.ts";
import type { Problem } from "./problem.ts";
import type { Batch } from "./watch/source.ts";

/** How long connections from before policy have to show themselves, once it begins: a client's keep-alives come in less. */
const ADOPT_NS = 300_000_000_000n;

/** What the operator says of policy. */
export interface PolicySettings {
	/** Pods that could not be tied to an interface may talk. */
	unknownAllowed: boolean;
	/** Established flows are judged again when policy changes. */
	recheck: boolean;
	/** New flows that pass are events, too. */
	noteFlows: boolean;
}

/** What the policy pipeline needs. Times are milliseconds. */
export interface PolicyPipelineOptions {
	maps: PolicyMaps;
	/** Whose pods have their rules here. */
	nodeName: string;
	settings: PolicySettings;
	/** Gets the pods of this node whenever they differ; what is known of their interfaces comes by `setTies` before it returns. */
	onPods(pods: readonly PodAddresses[]): void;
	/** How long what was given up stays; see DEFAULT_GRACE_MS. */
	graceMs?: number;
}

/** What one pass did. */
export interface PolicyReport {
	/** Steps written; a pass that writes everything is one. */
	steps: number;
	/** True where everything was written beside what was there. */
	whole: boolean;
	/** Something could not be written and is tried again. */
	failed: boolean;
	problems: readonly Problem[];
	use: readonly MapUse[];
}

/** NetworkPolicy from the watch into the kernel. */
export interface PolicyPipeline {
	pass(batch: Batch, nowMs: number): PolicyReport;
	/** When there is something to do without a change. */
	nextDueMs(): number | undefined;
	/** Takes which pod is behind which interface. False: what follows could not be written, and the next pass tries again. */
	setTies(ties: PodTies): boolean;
	/** How many there are. */
	counts(): { policies: number; pods: number; localPods: number; rules: number };
}

/**
 * A pipeline that goes on from what the maps hold: what is enforced there stays until everything has synced, and is then
 * replaced pod by pod. After that a change writes what depends on it.
 */
export function createPolicyPipeline({
	maps,
	nodeName,
	settings,
	onPods,
	graceMs = DEFAULT_GRACE_MS,
}: PolicyPipelineOptions): PolicyPipeline {
	const planner = createPolicyPlanner({ nodeName, before: readPolicyBefore(maps) });
	const { tables } = planner;
	const limits = limitsOf(maps);
	const state = maps.state.get(0) ?? { epoch: 0, generation: 0, adoptUntilNs: 0n, flags: PolicyFlag.OFF };
	let { epoch, generation, adoptUntilNs } = state;
	/** The kernel has what the planner has, and every step follows on the one before. */
	let live = false;
	let synced = false;
	let purgeMs: number | undefined;
	let leftovers: { dueMs: number; left: PolicyLeftovers }[] = [];
	let ties: PodTies = { ties: new Map(), untied: [], interfaces: [] };
	let told: readonly PodAddresses[] = [];
	let use: MapUse[] = [];
	let writeProblems: Problem[] = [];
	let tieProblems: Problem[] = [];
	const useWarnings = createUseWarnings();

	const ifindexOf = (address: string) => ties.ties.get(address)?.ifindex;
	const place = (): PolicyPlace => ({ generation, ifindexOf });

	function setState(): void {
		epoch += 1;
		const flags =
			PolicyFlag.ENFORCED |
			(settings.unknownAllowed ? PolicyFlag.UNKNOWN_ALLOWED : 0) |
			(settings.recheck ? PolicyFlag.RECHECKED : 0) |
			(settings.noteFlows ? PolicyFlag.FLOWS_NOTED : 0);
		maps.state.set(0, { epoch, generation, adoptUntilNs, flags: flags as PolicyFlag });
	}

	function writeInterfaces(): void {
		const contested = new Set(ties.untied.flatMap(({ claimedBy }) => claimedBy));
		const wanted = ties.interfaces.map(({ ifindex, known }): [number, PodInterface] => [
			ifindex,
			interfaceState(known, contested.has(ifindex)),
		]);
		if (live) tieProblems = writeMap(maps.interfaces, wanted);
		// Pods are not known yet: what an earlier daemon wrote of interfaces holds, and a new one is of a pod unknown.
		else for (const [ifindex] of wanted) maps.interfaces.set(ifindex, PodInterface.UNKNOWN, "create");
	}

	function tellPods(): void {
		const pods = localPods(tables.pods);
		if (isDeepStrictEqual(pods, told)) return;
		told = pods;
		onPods(pods);
	}

	function writeAll(nowMs: number): void {
		deleteUnfinishedGenerations(maps);
		generation += 1;
		writePolicyWhole(maps, tables, place());
		live = true;
		writeInterfaces();
		if (settings.recheck) adoptUntilNs = 0n;
		else if (!isEnforced(maps)) adoptUntilNs = monotonicNs() + ADOPT_NS;
		setState();
		purgeMs = nowMs + graceMs;
	}

	/** Runs what writes; what the maps throw is a problem, and the next pass writes everything anew. */
	function attempt(write: () => void): boolean {
		try {
			write();
			if (live) writeProblems = [];
			return true;
		} catch (error) {
			if (!(error instanceof BpfError)) throw error;
			live = false;
			writeProblems = [writeProblem(error)];
			return false;
		}
	}

	function writeSteps(steps: readonly PolicyStep[], nowMs: number): void {
		if (steps.length === 0) return;
		for (const step of steps) writePolicyStep(maps, step, place());
		for (const left of steps) leftovers.push({ dueMs: nowMs + graceMs, left });
		setState();
	}

	function deleteDue(nowMs: number): void {
		const due = leftovers.filter(({ dueMs }) => dueMs <= nowMs);
		for (const { left } of due) deletePolicyLeftovers(maps, left);
		leftovers = leftovers.filter((each) => !due.includes(each));
		if (purgeMs === undefined || purgeMs > nowMs) return;
		deleteOldGenerations(maps, { tables, generation, waiting: leftovers.map(({ left }) => left) });
		purgeMs = undefined;
	}

	return {
		pass(batch, nowMs) {
			synced ||= batch.synced;
			const steps = planner.update(batch.changes, { isLive: live });
			const isSame = live && steps.length === 0;
			if (!isSame) use = policyUse(tables, limits);
			const report = { steps: 0, whole: false, failed: false, use };
			if (!synced) return { ...report, problems: [] };
			if (!isSame) tellPods();
			const overflow = explainPolicyOverflow(tables, use);
			if (overflow) {
				live = false;
				return { ...report, problems: [overflow, ...tieProblems] };
			}
			report.whole = !live;
			report.steps = live ? steps.length : 1;
			const isWritten = attempt(() => (live ? writeSteps(steps, nowMs) : writeAll(nowMs)));
			report.failed = !isWritten || !attempt(() => deleteDue(nowMs));
			return { ...report, problems: [...writeProblems, ...tieProblems, ...useWarnings(use)] };
		},
		nextDueMs() {
			// Else a pass deletes nothing; whoever runs passes tries again what has failed.
			if (!live) return undefined;
			const times = [purgeMs, leftovers[0]?.dueMs].filter((each) => each !== undefined);
			return times.length === 0 ? undefined : Math.min(...times);
		},
		setTies(found) {
			const before = ties;
			ties = found;
			return attempt(() => {
				writeInterfaces();
				if (live) writePods(maps, movedPods(tables.pods, before, found), place());
			});
		},
		counts: () => ({
			...planner.counts(),
			localPods: told.length,
			rules: tables.rules.size,
		}),
	};
}

/** Ends what an earlier daemon enforces. True where there was anything. */
export function endPolicy(maps: PolicyMaps): boolean {
	const state = maps.state.get(0);
	if (state === undefined || !isEnforced(maps)) return false;
	maps.state.set(0, { ...state, flags: PolicyFlag.OFF });
	const { state: _, ...others } = maps;
	for (const table of Object.values(others)) table.clear();
	return true;
}

function interfaceState(known: boolean, contested: boolean): PodInterface {
	if (known) return PodInterface.KNOWN;
	return contested ? PodInterface.CONTESTED : PodInterface.UNKNOWN;
}

/** Entries of pods that are behind another interface now. */
function movedPods(pods: ReadonlyMap<string, PodEntry>, before: PodTies, now: PodTies): [string, PodEntry][] {
	const at = ({ ties }: PodTies, address: string) => ties.get(address)?.ifindex;
	return [...pods].filter(([address]) => at(before, address) !== at(now, address));
}

function localPods(pods: ReadonlyMap<string, PodEntry>): PodAddresses[] {
	const addresses = new Map<string, string[]>();
	for (const [address, { pod }] of pods) addresses.set(pod, [...(addresses.get(pod) ?? []), address]);
	return Array.from(addresses, ([pod, found]) => ({ pod, addresses: found }));
}

function limitsOf(maps: PolicyMaps) {
	return {
		pods: maps.pods.maxEntries,
		peerAddresses: maps.peerAddresses.maxEntries,
		peerClasses: maps.peerClasses.maxEntries,
		rules: maps.rules.maxEntries,
		ruleNames: maps.names.maxEntries,
		setPolicies: maps.setPolicies.maxEntries,
	};
}

function writeProblem(error: BpfError): Problem {
	const object = "NetworkPolicies";
	const message = `${object}: ${error.message}; what is in the kernel goes on being enforced, and everything is written anew`;
	return { id: `${object} WRITE_FAILED`, object, code: "WRITE_FAILED", message };
}
