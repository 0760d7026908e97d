/** What a test asks of an agent, as JSON lines on its stdin, and what it answers on its stdout. */

export type Protocol = "TCP" | "UDP";

export interface Address {
	address: string;
	port: number;
}

/** A server that answers every connection or datagram with its agent's name and the peer that it saw. */
export interface ListenOptions extends Address {
	protocol: Protocol;
	/** What to answer in place of the agent's name. */
	name?: string;
}

export interface DialOptions extends Address {
	protocol: Protocol;
	/** UDP: `connect()` first, then `send()`; otherwise `sendto()`. */
	connected?: boolean;
	/** How long to wait for an answer; 2,000 unless told. */
	timeoutMs?: number;
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
	/** `ECONNREFUSED`, `EPERM`, `TIMEOUT`, … */
	error?: string;
}

export interface DialManyOptions extends DialOptions {
	/** Dials to make; without it, on until `stopDialling`. */
	count?: number;
	/** Dials under way at a time; 1 unless told. */
	concurrency?: number;
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
}

export type Method = keyof Requests;
export type Request = { [M in Method]: { id: number; method: M; argument: Requests[M]["argument"] } }[Method];
export type Reply = { id: number; answer: unknown } | { id: number; failure: string };

/** The machine's monotonic clock, in ms. */
export function monotonicMs(): number {
	return Number(process.hrtime.bigint()) / 1e6;
}
