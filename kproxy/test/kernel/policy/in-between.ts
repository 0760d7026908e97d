/** What packets may meet while a change is written: what was before, what is after, or a state that lies between. */
import type { Expectation } from "./expectation.ts";
import type { Edit } from "./history.ts";
import { hasIdentity, type Packet } from "./packet.ts";

/** What a packet meets where a pod sends it, where a pod is sent it, and at both where a pod of this node sends it. */
type Verdicts = readonly [sends: boolean, isSent: boolean, both: boolean | undefined];

type Wanted = readonly (boolean | undefined)[];

const PLACES = ["where a pod sends it", "where a pod is sent it", "at both sides together"];

export class InBetween {
	readonly #packets: readonly Packet[];
	readonly #expectation: Expectation;
	#states: (readonly Verdicts[])[] = [];
	/** Asked after every write. */
	readonly #wanted = new Map<Packet, Wanted>();
	readonly #moving = new Set<string>();
	#isWhole = false;

	constructor(packets: readonly Packet[], expectation: Expectation) {
		this.#packets = packets;
		this.#expectation = expectation;
	}

	/** What is expected now is what was before. `isWhole`: all is written anew, and each pod by itself meets old or new. */
	begin(isWhole: boolean): void {
		this.#states = [];
		this.#moving.clear();
		this.#isWhole = isWhole;
		this.add();
	}

	/** What is expected now may be met, too. */
	add(): void {
		this.#states.push(this.#packets.map((packet) => this.#verdicts(packet)));
		this.#wanted.clear();
	}

	/** Before an edit that may give a pod other addresses: nothing is said of those. */
	leaveOut(edit: Edit): void {
		for (const address of this.#expectation.moving(edit)) this.#moving.add(address);
	}

	/** Whether anything can be said of a packet. */
	has(packet: Packet): boolean {
		const isMoving = this.#moving.has(packet.from) || this.#moving.has(packet.to);
		return this.#states.length > 0 && hasIdentity(packet) && !isMoving;
	}

	/** The sides change and what they come to does not: a hole opens where one is ahead of the other. */
	isDelicate(packet: Packet): boolean {
		const [sends, isSent, both] = this.#constants(packet);
		return both !== undefined && (sends === undefined || isSent === undefined);
	}

	/** What is wrong with what a new flow met at its two sides. */
	explain(packet: Packet, [sends, isSent]: readonly [boolean, boolean]): string | undefined {
		const wanted = this.#constants(packet);
		const got = [sends, isSent, ...(this.#isWhole ? [] : [sends && isSent])];
		const at = got.findIndex((each, index) => wanted[index] !== undefined && wanted[index] !== each);
		return at < 0 ? undefined : `a new flow must ${wanted[at] ? "pass" : "not pass"} ${PLACES[at]}`;
	}

	#verdicts(packet: Packet): Verdicts {
		const sends = this.#expectation.allows(packet, "sends");
		const isSent = this.#expectation.allows(packet, "is sent");
		return [sends, isSent, this.#expectation.isLocal(packet.from) ? sends && isSent : undefined];
	}

	/** What a packet meets in all states; undefined where they differ. */
	#constants(packet: Packet): Wanted {
		const known = this.#wanted.get(packet);
		if (known) return known;
		const index = this.#packets.indexOf(packet);
		const wanted = PLACES.map((_, at) => {
			const [first, ...others] = this.#states.map((verdicts) => verdicts[index]?.[at]);
			return others.every((each) => each === first) ? first : undefined;
		});
		this.#wanted.set(packet, wanted);
		return wanted;
	}
}
