/** Plays a history in the kernel's maps and tries packets on the real programs at every moment of it. */
import { inspect } from "node:util";
import type { Change } from "../../../src/watch/source.ts";
import { gone, setOf } from "../../plan/policy/cluster.ts";
import { explainRows } from "./count-rows.ts";
import { Expectation } from "./expectation.ts";
import type { Action, Edit, History } from "./history.ts";
import { InBetween } from "./in-between.ts";
import { type Packet, type Part, wordsOf } from "./packet.ts";
import type { PolicyKernel, Side } from "./policy-kernel.ts";
import { OWN } from "./random-packet.ts";
import { watchMaps } from "./watched-maps.ts";
import { createWriter, POLICY_CODE, type PolicyCode, type Writer } from "./writer.ts";

/** What was wrong first. */
export interface Fault {
	/** Number of the action, from 0; -1 is the start. */
	action: number;
	/** In words. */
	why: string;
	packet?: Packet | undefined;
}

/** Packets tried after a single write. */
const LOOKS = 4;
/** Above the ports that are dialled: a flow is never another one's answer. */
const FIRST_IDENTITY = 10_000;
/** What packets of an older flow do: also begin it again, from the same port. */
const PARTS: readonly Part[] = ["goes on", "answers", "opens"];
const SIDES: readonly Side[] = ["sends", "is sent"];

class FoundFault extends Error {
	readonly fault: Fault;
	constructor(fault: Fault) {
		super(fault.why);
		this.fault = fault;
	}
}

/** Plays a history; the first fault, or undefined. `code`: what writes, by default the package's own. */
export function play(kernel: PolicyKernel, history: History, code = POLICY_CODE): Fault | undefined {
	return kernel.within(() => {
		kernel.reset(OWN);
		const player = new Player(kernel, history, code);
		try {
			player.play();
			return undefined;
		} catch (error) {
			if (error instanceof FoundFault) return error.fault;
			return { action: player.action, why: inspect(error) };
		}
	});
}

class Player {
	action = -1;
	readonly #kernel: PolicyKernel;
	readonly #history: History;
	readonly #expectation: Expectation;
	readonly #between: InBetween;
	readonly #writer: Writer;
	/** The flow that each packet has opened last. */
	readonly #opened = new Map<Packet, number>();
	#identity = FIRST_IDENTITY;
	#turn = 0;

	constructor(kernel: PolicyKernel, history: History, code: PolicyCode) {
		this.#kernel = kernel;
		this.#history = history;
		this.#expectation = new Expectation(history.recheck);
		this.#between = new InBetween(history.packets, this.#expectation);
		const maps = watchMaps(kernel.maps, (wrote) => this.#look(wrote));
		this.#writer = createWriter(maps, { code, recheck: history.recheck });
	}

	play(): void {
		for (const edit of this.#history.start) this.#expectation.edit(edit);
		this.#writer.restart(this.#expectation.objects.map(setOf));
		this.#settle();
		for (const action of this.#history.actions) {
			this.action += 1;
			this.#act(action);
			this.#settle();
		}
		this.#act({ what: "purge", edits: [] });
		this.#settle();
		const why = explainRows(this.#kernel.maps, this.#writer.tables);
		if (why) throw new FoundFault({ action: this.action, why });
	}

	#act({ what, edits }: Action): void {
		this.#between.begin(what !== "change");
		if (what === "purge") {
			this.#writer.purge();
			return;
		}
		const changes = this.#edit(edits);
		if (what === "restart") this.#writer.restart(this.#expectation.objects.map(setOf));
		else this.#writer[what](changes);
		this.#expectation.nextEpoch();
	}

	/** Namespaces and pods come one by one in the order of the batch, then its policies together. */
	#edit(edits: readonly Edit[]): Change[] {
		const isPolicy = ([, { kind }]: Edit) => kind === "NetworkPolicy";
		const changes: Change[] = [];
		const take = (edit: Edit) => {
			if (this.#expectation.edit(edit)) changes.push(edit[0] === "set" ? setOf(edit[1]) : gone(edit[1]));
		};
		for (const edit of edits.filter((each) => !isPolicy(each))) {
			this.#between.leaveOut(edit);
			take(edit);
			this.#between.add();
		}
		edits.filter(isPolicy).forEach(take);
		this.#between.add();
		return changes;
	}

	/** After a write: all that is delicate, and some of the others in turn. */
	#look(wrote: string): void {
		const { packets } = this.#history;
		for (const packet of packets) if (this.#between.isDelicate(packet)) this.#lookAt(packet, wrote);
		for (let count = 0; count < Math.min(LOOKS, packets.length); count++)
			this.#lookAt(packets[this.#turn++ % packets.length] as Packet, wrote);
	}

	#lookAt(packet: Packet, wrote: string): void {
		if (!this.#between.has(packet)) return;
		const words = wordsOf(packet, "opens", this.#identity++);
		const met = [this.#kernel.passes("sends", words), this.#kernel.passes("is sent", words)] as const;
		const why = this.#between.explain(packet, met);
		if (why) throw new FoundFault({ action: this.action, packet, why: `${why}, after ${wrote}` });
	}

	/** Between changes packets open flows, and those of flows go on and are answered. */
	#settle(): void {
		for (const [index, packet] of this.#history.packets.entries()) {
			const before = this.#opened.get(packet);
			const part = PARTS[(index + this.action) % PARTS.length] ?? "opens";
			if (before !== undefined) this.#meet(packet, part, before);
			const identity = this.#identity++;
			this.#meet(packet, "opens", identity);
			this.#opened.set(packet, identity);
		}
	}

	#meet(packet: Packet, part: Part, identity: number): void {
		for (const side of SIDES) {
			const wanted = this.#expectation.meet(packet, { side, part, identity });
			if (this.#kernel.passes(side, wordsOf(packet, part, identity)) === wanted) continue;
			const why = `what ${part} must ${wanted ? "pass" : "not pass"} where a pod ${side} it`;
			throw new FoundFault({ action: this.action, packet, why });
		}
	}
}
