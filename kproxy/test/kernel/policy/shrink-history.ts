/** Finds the smallest history that still fails. */
import type { ApiObject } from "../../../src/model/objects.ts";
import type { NetworkPolicyObject, PolicyRule } from "../../../src/model/policy/objects.ts";
import type { Action, Edit, History } from "./history.ts";
import type { Packet } from "./packet.ts";

type Fails = (smaller: History) => boolean;

/** The history without whatever can be left out so that it still fails. `packet`: the one that was wrong. */
export function shrinkHistory(history: History, packet: Packet | undefined, fails: Fails): History {
	let least = history;
	const take = (smaller: History): boolean => {
		if (!fails(smaller)) return false;
		least = smaller;
		return true;
	};
	if (packet) take({ ...least, packets: [packet] });
	for (let before: History | undefined; before !== least; ) {
		before = least;
		fewer(least.actions, (actions) => take({ ...least, actions }));
		for (const index of least.actions.keys())
			fewer(least.actions[index]?.edits ?? [], (edits) => take(withEdits(least, index, edits)));
		fewer(least.start, (start) => take({ ...least, start }));
		fewer(least.packets, (packets) => take({ ...least, packets }));
		for (const index of [-1, ...least.actions.keys()]) simplify(least, index, take);
	}
	return least;
}

/** Tries to do without halves, quarters, and so on down to single items. */
function fewer<T>(items: readonly T[], take: (fewer: readonly T[]) => boolean): void {
	let left = items;
	for (let size = Math.ceil(items.length / 2); size >= 1; size = Math.floor(size / 2)) {
		for (let at = 0; at < left.length; ) {
			const rest = left.toSpliced(at, size);
			if (take(rest)) left = rest;
			else at += size;
		}
	}
}

/** Edits of an action; -1 is the start. */
function editsOf(history: History, index: number): readonly Edit[] {
	return (index < 0 ? history.start : history.actions[index]?.edits) ?? [];
}

function withEdits(history: History, index: number, edits: readonly Edit[]): History {
	if (index < 0) return { ...history, start: edits };
	const actions = history.actions.with(index, { ...(history.actions[index] as Action), edits });
	return { ...history, actions };
}

/** Leaves out parts of policies. */
function simplify(history: History, index: number, take: (smaller: History) => boolean): void {
	let least = history;
	for (const [at, [what]] of editsOf(history, index).entries()) {
		for (let goesOn = true; goesOn; ) {
			goesOn = false;
			const [, object] = editsOf(least, index)[at] as Edit;
			for (const smaller of simpler(object)) {
				const next = withEdits(least, index, editsOf(least, index).with(at, [what, smaller]));
				if (!take(next)) continue;
				least = next;
				goesOn = true;
				break;
			}
		}
	}
}

function* simpler(object: ApiObject): Iterable<ApiObject> {
	if (object.kind !== "NetworkPolicy") return;
	for (const podSelector of without(object.podSelector)) yield { ...object, podSelector };
	for (const isolates of without(object.isolates)) if (isolates.length > 0) yield { ...object, isolates };
	for (const direction of ["ingress", "egress"] as const)
		for (const rules of simplerRules(object[direction])) yield { ...object, [direction]: rules };
}

function* simplerRules(rules: NetworkPolicyObject["ingress"]): Iterable<readonly PolicyRule[]> {
	yield* without(rules);
	for (const [at, rule] of rules.entries()) {
		for (const peers of without(rule.peers)) yield rules.with(at, { ...rule, peers });
		for (const ports of without(rule.ports)) yield rules.with(at, { ...rule, ports });
		for (const [index, peer] of rule.peers.entries()) {
			if (!("cidr" in peer)) continue;
			for (const except of without(peer.except))
				yield rules.with(at, { ...rule, peers: rule.peers.with(index, { ...peer, except }) });
		}
	}
}

/** All but one. */
const without = <T>(items: readonly T[]): T[][] => items.map((_, at) => items.toSpliced(at, 1));
