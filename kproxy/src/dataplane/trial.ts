/** The programs of pods' interfaces, tried on packets that never were. */
import { type BpfMap, loadObject, openSpec } from "bpf-loader";
import { openPerCpuArray } from "bpf-maps";
import { type Outcome, readOutcomes } from "./counters.ts";
import { type EventPosition, openEventMaps, readEvents } from "./events.ts";
import { type Names, maps as shapes } from "./generated/tc.ts";
import { ownNetnsCookie } from "./own-netns.ts";
import { probeTunables } from "./probe-tunables.ts";
import { type MapName, packetObjectPath } from "./service-maps.ts";

/** What the programs note of packets: a trial has its own, so that it leaves nothing behind. */
const NOTES = {
	conntrack: 64,
	conntrack_reply: 64,
	fragments: 64,
	svc_affinity: 64,
	policy_flows: 64,
	rule_hits: 64,
	judging: 1,
	events: undefined,
	event_heads: undefined,
	opening: undefined,
	random_state: undefined,
	snat_sequence: undefined,
	counters: undefined,
} as const satisfies Partial<Record<MapName, number | undefined>>;

/** What became of one packet. */
export interface TrialResult {
	dropped: boolean;
	/** Name in reasons.h; undefined where it passed as it is. */
	reason: string | undefined;
	/** The frame as it goes on. */
	frame: Uint8Array;
	/** Whom policy has refused it: behind a Service the backend. */
	refusedTo: { address: string; port: number } | undefined;
}

/** Closes with `close()`. */
export interface Trial extends Disposable {
	/** What a pod behind this interface sends, or is sent. */
	run(side: "sends" | "is sent", frame: Uint8Array, ifindex: number): TrialResult;
	close(): void;
}

const DROP = 2;
/** Of `struct __sk_buff`: its size and where `ifindex` is. */
const CONTEXT = { size: 192, ifindex: 40 };

/** Loads the programs once more, around the maps that are given and notes of their own. Throws what the loader throws. */
export function openTrial(handles: Readonly<Record<MapName, BpfMap>>): Trial {
	const names = Object.keys(shapes) as MapName[];
	const options = names.map((name) => {
		if (!(name in NOTES)) return [name, { reuse: handles[name], maxEntries: handles[name].maxEntries }];
		const maxEntries = NOTES[name as keyof typeof NOTES];
		return [name, maxEntries === undefined ? {} : { maxEntries }];
	});
	const object = loadObject<Names>(openSpec(packetObjectPath), {
		maps: Object.fromEntries(options),
		variables: { ...probeTunables(), host_netns: ownNetnsCookie() },
	});
	const counters = openPerCpuArray(object.maps.counters, shapes.counters);
	const events = openEventMaps(object.maps);
	let position: EventPosition | undefined;
	/** What the program has written down of the packet that it has just dropped. */
	const lastEvent = () => {
		const read = readEvents(events, position);
		position = read.position;
		return read.events.at(-1);
	};
	const close = () => object.close();
	return {
		run(side, frame, ifindex) {
			const program = side === "sends" ? object.programs.tc_pod_ingress : object.programs.tc_pod_egress;
			const context = new Uint8Array(CONTEXT.size);
			new DataView(context.buffer).setUint32(CONTEXT.ifindex, ifindex, true);
			counters.clear();
			const { returnValue, data } = program.testRun({ data: frame, context });
			const [outcome]: (Outcome | undefined)[] = readOutcomes(counters);
			const event = lastEvent();
			return {
				dropped: returnValue === DROP,
				reason: outcome?.reason,
				frame: data,
				refusedTo: event?.policySet ? { address: event.peer, port: event.peerPort } : undefined,
			};
		},
		close,
		[Symbol.dispose]: close,
	};
}
