/** What happens to a cluster at random, and the packets that are tried after each of its changes. */
import type { ApiObject } from "../../../src/model/objects.ts";
import { createRandom, type Random } from "../../lab/random.ts";
import { namespace } from "../../plan/policy/cluster.ts";
import {
	chance,
	NAMESPACES,
	pick,
	randomLabels,
	randomNamespace,
	randomObject,
	randomPod,
	randomPolicy,
} from "../../plan/policy/random-objects.ts";
import type { Packet } from "./packet.ts";
import { ADDRESSES, namedPorts, randomPacket } from "./random-packet.ts";

export type Edit = readonly ["set" | "delete", ApiObject];

/**
 * What a daemon does: it writes a change step by step; it has lost count and writes everything anew under the next
 * generation; it starts again and does the same; it deletes what is left over. Edits come in the same batch.
 */
export interface Action {
	what: "change" | "rewrite" | "restart" | "purge";
	edits: readonly Edit[];
}

export interface History {
	/** Flows are judged again after each change. */
	recheck: boolean;
	start: readonly Edit[];
	actions: readonly Action[];
	packets: readonly Packet[];
}

const ACTIONS = 12;
const PACKETS = 30;
const KINDS = ["change", "change", "change", "change", "rewrite", "restart", "purge", "purge"] as const;

/** The history of a seed. */
export function randomHistory(seed: number): History {
	const random = createRandom(seed);
	const times = <T>(length: number, make: () => T): T[] => Array.from({ length }, make);
	const start = [
		...NAMESPACES.map((name) => namespace(name, randomLabels(random))),
		...times(10, () => randomPod(random)),
		...times(3 + random.below(4), () => randomPolicy(random)),
	].map((each): Edit => ["set", each]);
	const actions = times(ACTIONS, () => randomAction(random));
	const objects = [...start, ...actions.flatMap(({ edits }) => edits)].map(([, object]) => object);
	const ports = objects.flatMap((object) => (object.kind === "Pod" ? namedPorts(object) : []));
	return {
		recheck: chance(random, 30),
		start,
		actions,
		packets: times(PACKETS, () => randomPacket(random, ports)),
	};
}

function randomAction(random: Random): Action {
	const what = pick(random, KINDS);
	if (what === "purge") return { what, edits: [] };
	const count = what === "change" && chance(random, 75) ? 1 : random.below(4);
	return { what, edits: Array.from({ length: count }, () => randomEdit(random)) };
}

function randomEdit(random: Random): Edit {
	const dice = random.below(100);
	if (dice < 10) return ["set", randomNamespace(random)];
	if (dice < 20) return ["set", randomPod(random, 1 + random.below(ADDRESSES))];
	if (dice < 50) return ["set", randomPod(random)];
	return [chance(random, 80) ? "set" : "delete", randomObject(random)];
}
