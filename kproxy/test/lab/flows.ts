import type { Socket as UdpSocket } from "node:dgram";
import type { Socket as TcpSocket } from "node:net";
import { codeOf, connectTcp, openUdp, parseAnswer, type ServerLine, sendUdp } from "./answer.ts";
import { startDeadline } from "./deadline.ts";
import { monotonicMs, type Opened, type OpenOptions, type Sent, type Target } from "./protocol.ts";

/** A flow that stays open: sends a line and resolves with what came of it. */
interface Flow {
	send(timeoutMs: number): Promise<Sent>;
	close(reset: boolean): void;
}

const TIMEOUT_MS = 2_000;
const flows = new Map<number, Flow>();
let last = 0;

/** Opens a flow; an error is part of the answer. */
export async function openFlow(options: OpenOptions): Promise<Opened> {
	try {
		return options.protocol === "TCP" ? await openTcp(options) : await openDatagrams(options);
	} catch (error) {
		return { error: codeOf(error as Error) };
	}
}

/** Sends once on a flow, and waits for the echo. */
export async function sendOnFlow({
	flow,
	timeoutMs = TIMEOUT_MS,
}: {
	flow: number;
	timeoutMs?: number;
}): Promise<Sent> {
	const startedMs = monotonicMs();
	const sent = await flowOf(flow).send(timeoutMs);
	return { ...sent, tookMs: monotonicMs() - startedMs };
}

/** Ends a flow. */
export function closeFlow({ flow, reset = false }: { flow: number; reset?: boolean }): null {
	flowOf(flow).close(reset);
	flows.delete(flow);
	return null;
}

function flowOf(number: number): Flow {
	const flow = flows.get(number);
	if (!flow) throw new Error(`no flow ${number} is open`);
	return flow;
}

function keep(flow: Flow): number {
	flows.set(++last, flow);
	return last;
}

async function openTcp({ timeoutMs = TIMEOUT_MS, ...target }: OpenOptions): Promise<Opened> {
	const socket = connectTcp(target);
	const incoming = new Incoming(socket);
	const header = await incoming.next((data) => parseAnswer(data)?.line, timeoutMs);
	if (header.error !== undefined || !header.found) {
		socket.destroy();
		return { error: header.error ?? "NO_ANSWER" };
	}
	const line = header.found;
	const peer = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
	return { flow: keep(tcpFlow({ socket, incoming, line })), ...line, peer };
}

function tcpFlow({
	socket,
	incoming,
	line,
}: {
	socket: TcpSocket;
	incoming: Incoming;
	line: ServerLine;
}): Flow {
	let number = 0;
	return {
		async send(timeoutMs) {
			const text = `line ${++number}\n`;
			socket.write(text);
			// An echo that came too late for its own time-out may stand before it.
			const { error } = await incoming.next((data) => data.toString().endsWith(text) || undefined, timeoutMs);
			return error === undefined ? { tookMs: 0, ...line } : { tookMs: 0, error };
		},
		close(reset) {
			if (reset) socket.resetAndDestroy();
			else socket.destroy();
		},
	};
}

/** What arrives on a TCP socket, for one reader at a time. */
class Incoming {
	#data = Buffer.alloc(0);
	#error: string | undefined;
	#wake = () => {};

	constructor(socket: TcpSocket) {
		socket.on("data", (data) => {
			this.#data = Buffer.concat([this.#data, data]);
			this.#wake();
		});
		socket.on("error", (error) => this.#end(codeOf(error)));
		socket.on("close", () => this.#end("CLOSED"));
	}

	/** Waits until what came since the last find has what is looked for. */
	next<T>(find: (data: Buffer) => T | undefined, timeoutMs: number): Promise<{ found?: T; error?: string }> {
		return new Promise((resolve) => {
			const finish = (outcome: { found?: T; error?: string }) => {
				stopWaiting();
				this.#wake = () => {};
				resolve(outcome);
			};
			const stopWaiting = startDeadline(timeoutMs, () => finish({ error: "TIMEOUT" }));
			this.#wake = () => {
				const found = find(this.#data);
				if (found !== undefined) {
					this.#data = Buffer.alloc(0);
					finish({ found });
				} else if (this.#error !== undefined) finish({ error: this.#error });
			};
			this.#wake();
		});
	}

	#end(error: string): void {
		this.#error ??= error;
		this.#wake();
	}
}

async function openDatagrams(target: OpenOptions): Promise<Opened> {
	const { socket, peer } = await openUdp(target);
	return { flow: keep(udpFlow(socket, target)), ...(peer && { peer }) };
}

function udpFlow(socket: UdpSocket, target: Target): Flow {
	let number = 0;
	socket.on("error", () => {});
	return {
		send: (timeoutMs) => sendDatagram(socket, { target, text: `datagram ${++number}`, timeoutMs }),
		close: () => socket.close(),
	};
}

function sendDatagram(
	socket: UdpSocket,
	{ target, text, timeoutMs }: { target: Target; text: string; timeoutMs: number },
): Promise<Sent> {
	return new Promise((resolve) => {
		const finish = (sent: Omit<Sent, "tookMs">) => {
			stopWaiting();
			socket.off("message", received).off("error", failed);
			resolve({ tookMs: 0, ...sent });
		};
		const received = (message: Buffer, { address, port }: { address: string; port: number }) => {
			const parsed = parseAnswer(message);
			if (parsed?.echo.toString() === text) finish({ ...parsed.line, from: { address, port } });
		};
		const failed = (error: Error | null) => {
			if (error) finish({ error: codeOf(error) });
		};
		const stopWaiting = startDeadline(timeoutMs, () => finish({ error: "TIMEOUT" }));
		socket.on("message", received).on("error", failed);
		sendUdp(socket, { target, data: text, sent: failed });
	});
}
