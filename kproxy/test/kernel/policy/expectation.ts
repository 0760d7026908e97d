/** What must become of packets: by the objects themselves, and by the flows that were let pass before. */
import { type ApiObject, objectKey } from "../../../src/model/objects.ts";
import { NODE } from "../../plan/policy/cluster.ts";
import { endAllows, podAt } from "../../plan/policy/naive.ts";
import type { Edit } from "./history.ts";
import { hasIdentity, isNeighbourTalk, opensFlows, type Packet, type Part, saysSo } from "./packet.ts";
import type { Side } from "./policy-kernel.ts";
import { OWN } from "./random-packet.ts";

type Direction = "egress" | "ingress";

const directionAt = (side: Side): Direction => (side === "sends" ? "egress" : "ingress");

/** The objects of a cluster, and the flows that its pods have. */
export class Expectation {
	readonly #objects = new Map<string, ApiObject>();
	readonly #flows = new Map<string, { direction: Direction; epoch: number }>();
	readonly #recheck: boolean;
	#epoch = 0;

	constructor(recheck: boolean) {
		this.#recheck = recheck;
	}

	get objects(): readonly ApiObject[] {
		return [...this.#objects.values()];
	}

	/** False: that cannot be, for another pod has the address still. Then nothing has changed. */
	edit([what, object]: Edit): boolean {
		const key = objectKey(object);
		if (what === "delete") return this.#objects.delete(key);
		const others = this.objects.filter((other) => objectKey(other) !== key);
		if (object.kind === "Pod" && object.addresses.some((address) => podAt(others, address))) return false;
		this.#objects.set(key, object);
		return true;
	}

	/** Old and new addresses of a pod that gets others: it may have both for a while, old at one and new at the other. */
	moving([what, object]: Edit): readonly string[] {
		const before = this.#objects.get(objectKey(object));
		if (what === "delete" || object.kind !== "Pod" || before?.kind !== "Pod") return [];
		return before.addresses.join() === object.addresses.join()
			? []
			: [...before.addresses, ...object.addresses];
	}

	/** Policy has changed. */
	nextEpoch(): void {
		this.#epoch += 1;
	}

	/** Whether this node has the pod of an address. */
	isLocal(address: string): boolean {
		return podAt(this.objects, address)?.nodeName === NODE;
	}

	/** What a flow that is new meets at one side. */
	allows(packet: Packet, side: Side): boolean {
		if (isNeighbourTalk(packet)) return true;
		const [own, peer] = side === "sends" ? [packet.from, packet.to] : [packet.to, packet.from];
		// What comes by a pod's interface has that pod's address, and what goes there may be for a group.
		if (!this.isLocal(own)) return side === "is sent";
		if (side === "is sent" && OWN.some((each) => each === peer)) return true;
		return endAllows(this.objects, packet, directionAt(side));
	}

	/** What a packet of a flow meets, and remembers that it did. */
	meet(packet: Packet, { side, part, identity }: { side: Side; part: Part; identity: number }): boolean {
		if (isNeighbourTalk(packet)) return true;
		const isSource = (side === "sends") !== (part === "answers");
		const own = isSource ? packet.from : packet.to;
		const key = flowKey(packet, isSource, identity);
		const known = saysSo(packet, part) ? undefined : this.#flows.get(key);
		if (known && (!this.#recheck || known.epoch === this.#epoch)) return true;
		if (!this.isLocal(own)) return side === "is sent";
		if (packet.from === packet.to) return true;
		const direction = known?.direction ?? directionAt(side);
		const isForth = (direction === "egress") === isSource;
		const judged = isForth ? packet : turned(packet, identity);
		const passes = this.allows(judged, direction === "egress" ? "sends" : "is sent");
		if (passes && opensFlows(packet)) this.#flows.set(key, { direction, epoch: this.#epoch });
		return passes;
	}
}

/** As if the other end had opened the flow. */
function turned(packet: Packet, identity: number): Packet {
	const port = packet.icmpType === undefined && hasIdentity(packet) ? identity : packet.port;
	return { ...packet, from: packet.to, to: packet.from, port };
}

/** From the side of the pod, which is the source of the flow or its target. An echo's identifier is the pod's own. */
function flowKey(packet: Packet, isSource: boolean, identity: number): string {
	const { from, to, protocol, port, icmpType } = packet;
	const own = hasIdentity(packet) ? identity : 0;
	if (isSource || icmpType !== undefined)
		return `${protocol} ${isSource ? `${from} ${to}` : `${to} ${from}`} ${own} ${port}`;
	return `${protocol} ${to} ${from} ${port} ${own}`;
}
