import { type Flow, FlowFlag, type FrontendKey, type ReplyTarget } from "./generated/sock_lb.ts";
import { monotonicNs, sinceMs } from "./monotonic.ts";
import type { ServiceMaps } from "./service-maps.ts";
import { findFrontend } from "./service-view.ts";
import { type Mirror, protocolText, readTables } from "./tables.ts";

/** An address with its port. */
export interface End {
	address: string;
	port: number;
}

/** One flow of the packet path as plain data. */
export interface FlowView {
	/** Of the Service; empty where nothing serves the frontend any more. */
	namespace: string;
	name: string;
	portName: string;
	protocol: string;
	client: End;
	/** What the client dialled. */
	frontend: End;
	backend: End;
	/** Source that the backend sees; undefined where it sees the client. */
	source: End | undefined;
	/** `opening`: no reply yet. `closing`: one side has ended. `closed`: both, or a reset. */
	state: "opening" | "open" | "closing" | "closed";
	/** Since the first packet. */
	ageMs: number;
	/** Since the last reply, to a second; since the first packet where none has come. */
	idleMs: number;
}

/** Every flow that is known, newest first. Cost: reads conntrack_reply and the service maps once. */
export function describeFlows(maps: ServiceMaps): FlowView[] {
	const mirror = readTables(maps);
	const nowNs = monotonicNs();
	const flows = Array.from(maps.replies.entries(), ([flow, reply]) =>
		describeFlow(mirror, { flow, reply, nowNs }),
	);
	return flows.sort((a, b) => a.ageMs - b.ageMs);
}

function describeFlow(
	mirror: Mirror,
	{ flow, reply, nowNs }: { flow: Flow; reply: ReplyTarget; nowNs: bigint },
): FlowView {
	const ageMs = sinceMs(reply.createdNs, nowNs);
	const translated = flow.destination === "::";
	return {
		...ownerOf(mirror, { address: reply.frontendAddress, port: reply.frontendPort, protocol: flow.protocol }),
		protocol: protocolText(flow.protocol),
		client: { address: reply.clientAddress, port: reply.clientPort },
		frontend: { address: reply.frontendAddress, port: reply.frontendPort },
		backend: { address: flow.source, port: flow.sourcePort },
		source: translated ? { address: reply.snatAddress, port: flow.destinationPort } : undefined,
		state: stateOf(reply.flags),
		ageMs,
		idleMs: reply.seenNs === 0n ? ageMs : sinceMs(reply.seenNs, nowNs),
	};
}

function ownerOf(mirror: Mirror, key: FrontendKey): Pick<FlowView, "namespace" | "name" | "portName"> {
	const entry = findFrontend(mirror, key);
	const name = entry && mirror.names.get(entry.value.service);
	return { namespace: name?.namespace ?? "", name: name?.name ?? "", portName: name?.port ?? "" };
}

function stateOf(flags: number): FlowView["state"] {
	const has = (flag: number) => (flags & flag) !== 0;
	if (has(FlowFlag.RST) || (has(FlowFlag.FIN) && has(FlowFlag.OTHER_FIN))) return "closed";
	if (has(FlowFlag.FIN) || has(FlowFlag.OTHER_FIN)) return "closing";
	return has(FlowFlag.REPLIED) ? "open" : "opening";
}
