/** What a test asks of an agent, as JSON lines on its stdin, and what it answers on its stdout. */

export type Protocol = "TCP" | "UDP";

export interface Address {
	address: string;
	port: number;
}

/** A server that answers every connection or datagram with one line: its agent's name and the peer that it saw. */
export interface ListenOptions extends Address {
	protocol: Protocol;
	/** What to answer in place of the agent's name. */
	name?: string;
	/** After that line, sends back whatever the client sends. A TCP connection then lasts until the client ends it. */
	echo?: boolean;
}

/** Where a client's packets go, and where they come from. */
export interface Target extends Address {
	protocol: Protocol;
	/** UDP: `connect()` first, then `send()`; otherwise `sendto()`. */
	connected?: boolean;
	/** Where to dial from; what the kernel picks unless told. */
	localAddress?: string;
	localPort?: number;
}

export interface DialOptions extends Target {
	/** How long to wait for an answer; 2,000 unless told. */
	timeoutMs?: number;
	/** Sends that many bytes to a server that echoes: a TCP transfer, or one UDP datagram however large. */
	bytes?: number;
}

/** One dial. Either `answer` or `error` is there. */
export interface Dial {
	/** On the machine's monotonic clock, in ms: comparable between processes, see `monotonicMs`. */
	startedMs: number;
	tookMs: number;
	/** Name of the server that answered. */
	answer?: string;
	/** The client as the server saw it, `address:port`. */
	seenAs?: string;
	/** What getpeername said: TCP and connected UDP. */
	peer?: Address;
	/** What recvmsg said the datagram came from: UDP. */
	from?: Address;
	/** What came back of `bytes`, and whether it is what was sent. */
	echoed?: { bytes: number; intact: boolean };
	/** `ECONNREFUSED`, `EPERM`, `TIMEOUT`, … */
	error?: string;
}

export interface DialManyOptions extends DialOptions {
	/** Dials to make; without it, on until `stopDialling`. */
	count?: number;
	/** Dials under way at a time; 1 unless told. */
	concurrency?: number;
	/** Between the end of one dial and the start of the next: leaves a machine with one processor to others. */
	pauseMs?: number;
}

/** A flow that stays open to a server that echoes. */
export interface OpenOptions extends Target {
	timeoutMs?: number;
}

/** What an opened flow found: `flow` is its number, there unless `error` is. UDP has no answer until it sends. */
export interface Opened {
	flow?: number;
	answer?: string;
	seenAs?: string;
	peer?: Address;
	error?: string;
}

/** What came of sending once on an open flow: the answer, or why there is none. */
export interface Sent {
	tookMs: number;
	answer?: string;
	seenAs?: string;
	/** UDP: what the reply came from. */
	from?: Address;
	error?: string;
}

/** UDP datagrams from one socket, one every `everyMs`, to a server that echoes. */
export interface StreamOptions extends Target {
	everyMs: number;
}

/** One datagram of a stream; without an answer or errors it is under way, or lost. */
export interface StreamDatagram {
	sentMs: number;
	answeredMs?: number;
	answer?: string;
	seenAs?: string;
	from?: Address;
	/** What the socket said while this was the last one sent: it may say that it was ended, and that it can send no more. */
	errors?: string[];
}

/** Every request of an agent: argument and answer. */
export interface Requests {
	listen: { argument: ListenOptions; answer: { port: number } };
	dial: { argument: DialOptions; answer: Dial };
	dialMany: { argument: DialManyOptions; answer: Dial[] };
	/** Ends every `dialMany` of this agent after the dials under way. */
	stopDialling: { argument: Record<string, never>; answer: null };
	/** Dials finished since the agent started. */
	dialled: { argument: Record<string, never>; answer: number };
	open: { argument: OpenOptions; answer: Opened };
	send: { argument: { flow: number; timeoutMs?: number }; answer: Sent };
	/** Ends an open flow, or with `reset` breaks it off by an RST. */
	close: { argument: { flow: number; reset?: boolean }; answer: null };
	stream: { argument: StreamOptions; answer: { stream: number } };
	/** Every datagram of a stream so far, in the order sent; with `stop`, ends it. */
	streamed: { argument: { stream: number; stop?: boolean }; answer: StreamDatagram[] };
}

export type Method = keyof Requests;
export type Request = { [M in Method]: { id: number; method: M; argument: Requests[M]["argument"] } }[Method];
export type Reply = { id: number; answer: unknown } | { id: number; failure: string };

/** The machine's monotonic clock, in ms. */
export function monotonicMs(): number {
	return Number(process.hrtime.bigint()) / 1e6;
}
