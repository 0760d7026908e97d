/** Both ends of a flow, as packets in one direction have them. */
export interface Flow {
	source: string;
	destination: string;
	sourcePort: number;
	destinationPort: number;
	protocol: number;
}

/** From the client's side. Times are seconds of the model's clock. */
export interface Target {
	address: string;
	port: number;
	/** 0: the client keeps its port. */
	snatPort: number;
	backend: number;
	reuse: number;
	seenS: number;
	/** The client has sent FIN or RST. */
	ended: boolean;
}

/** From the backend's side. */
export interface Reply {
	frontend: string;
	frontendPort: number;
	client: string;
	clientPort: number;
	/** Undefined: the client keeps its address. */
	snatAddress: string | undefined;
	createdS: number;
	seenS: number | undefined;
	backendFin: boolean;
	clientFin: boolean;
	reset: boolean;
}

/** What the packet path remembers. */
export interface Memory {
	nowS: number;
	targets: Map<string, Target>;
	replies: Map<string, Reply>;
	/** By service and client. */
	affinity: Map<string, { backend: number; reuse: number; seenS: number }>;
	fragments: Map<string, { sourcePort: number; destinationPort: number }>;
	/** Flows that policy has let pass, from the pod's side. */
	judged: Map<string, { seenS: number; epoch: number; direction: "egress" | "ingress" }>;
}

export const emptyMemory = (): Memory => ({
	nowS: 0,
	targets: new Map(),
	replies: new Map(),
	affinity: new Map(),
	fragments: new Map(),
	judged: new Map(),
});

/** A flow as a key; a flow with a port of ours stands in `replies` with `*` for its client. */
export const flowKey = (flow: Flow): string =>
	`${flow.protocol} ${flow.source} ${flow.sourcePort} > ${flow.destination} ${flow.destinationPort}`;

const UDP = 17;
const TCP_TIMEOUT_S = 86400;
const UNREPLIED_TIMEOUT_S = 120;

/** Has the flow ended, so that its place may be taken? */
export function isOver(reply: Reply, when: { protocol: number; nowS: number; udpTimeoutS: number }): boolean {
	const idleS = when.nowS - (reply.seenS ?? reply.createdS);
	if (reply.reset || (reply.backendFin && reply.clientFin)) return true;
	if (when.protocol === UDP) return idleS > when.udpTimeoutS;
	return idleS > (reply.seenS === undefined ? UNREPLIED_TIMEOUT_S : TCP_TIMEOUT_S);
}
