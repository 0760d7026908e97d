import type { Socket } from "node:dgram";
import { codeOf, openUdp, parseAnswer, sendUdp } from "./answer.ts";
import { monotonicMs, type StreamDatagram, type StreamOptions } from "./protocol.ts";

interface Stream {
	datagrams: StreamDatagram[];
	stop(): void;
}

const streams = new Map<number, Stream>();
let last = 0;

/** Starts to send; rejects where the socket cannot be made as asked for. */
export async function startStream(options: StreamOptions): Promise<{ stream: number }> {
	const { socket } = await openUdp(options);
	streams.set(++last, keepSending(socket, options));
	return { stream: last };
}

/** What has been sent and answered so far. */
export function readStream({ stream, stop = false }: { stream: number; stop?: boolean }): StreamDatagram[] {
	const found = streams.get(stream);
	if (!found) throw new Error(`no stream ${stream} is under way`);
	if (stop) {
		found.stop();
		streams.delete(stream);
	}
	return found.datagrams;
}

function keepSending(socket: Socket, target: StreamOptions): Stream {
	const datagrams: StreamDatagram[] = [];
	const note = (error: Error | null) => {
		const latest = datagrams.at(-1);
		if (error && latest) latest.errors = [...(latest.errors ?? []), codeOf(error)];
	};
	socket.on("error", note);
	socket.on("message", (message, { address, port }) => {
		const parsed = parseAnswer(message);
		const datagram = datagrams[Number(parsed?.echo.toString())];
		if (!parsed || !datagram) return;
		Object.assign(datagram, { answeredMs: monotonicMs(), ...parsed.line, from: { address, port } });
	});
	const send = () => {
		datagrams.push({ sentMs: monotonicMs() });
		sendUdp(socket, { target, data: String(datagrams.length - 1), sent: note });
	};
	send();
	const timer = setInterval(send, target.everyMs);
	return {
		datagrams,
		stop() {
			clearInterval(timer);
			socket.close();
		},
	};
}
