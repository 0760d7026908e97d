import { codeOf, connectTcp, openUdp, parseAnswer, sendUdp } from "./answer.ts";
import { startDeadline } from "./deadline.ts";
import { type Address, type Dial, type DialOptions, monotonicMs } from "./protocol.ts";

/** What a dial found out: the first answer or error ends it. */
type Outcome = Omit<Dial, "startedMs" | "tookMs">;

/** Makes one dial to the end: an answer, an error or the time-out. Never rejects. */
export async function dial(options: DialOptions): Promise<Dial> {
	const startedMs = monotonicMs();
	const outcome = await (options.protocol === "TCP" ? dialTcp(options) : dialUdp(options));
	return { startedMs, tookMs: monotonicMs() - startedMs, ...outcome };
}

function dialTcp({ timeoutMs = 2_000, bytes, ...target }: DialOptions): Promise<Outcome> {
	return new Promise((resolve) => {
		let peer: Address | undefined;
		const chunks: Buffer[] = [];
		const payload = bytes === undefined ? undefined : payloadOf(bytes);
		const socket = connectTcp(target);
		const stopWaiting = startDeadline(timeoutMs, () => finish({ error: "TIMEOUT" }));
		const finish = (outcome: Outcome) => {
			stopWaiting();
			socket.destroy();
			resolve({ ...(peer && { peer }), ...outcome });
		};
		socket.once("connect", () => {
			peer = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
			if (payload) socket.end(payload);
		});
		socket.on("data", (data) => chunks.push(data));
		socket.once("end", () => finish(outcomeOf(Buffer.concat(chunks), payload)));
		socket.once("error", (error) => finish({ error: codeOf(error) }));
	});
}

async function dialUdp({ timeoutMs = 2_000, bytes, ...target }: DialOptions): Promise<Outcome> {
	const opened = await openUdp(target).catch((error: Error) => ({ error: codeOf(error) }));
	if ("error" in opened) return opened;
	const { socket, peer } = opened;
	const payload = bytes === undefined ? undefined : payloadOf(bytes);
	return new Promise((resolve) => {
		const stopWaiting = startDeadline(timeoutMs, () => finish({ error: "TIMEOUT" }));
		const finish = (outcome: Outcome) => {
			stopWaiting();
			socket.removeAllListeners().on("error", () => {});
			socket.close();
			resolve({ ...(peer && { peer }), ...outcome });
		};
		const failed = (error: Error | null) => {
			if (error) finish({ error: codeOf(error) });
		};
		socket.once("error", failed);
		socket.once("message", (message, from) => {
			finish({ ...outcomeOf(message, payload), from: { address: from.address, port: from.port } });
		});
		sendUdp(socket, { target, data: payload ?? "who", sent: failed });
	});
}

function outcomeOf(data: Buffer, payload: Buffer | undefined): Outcome {
	const parsed = parseAnswer(data);
	if (!parsed) return { error: "NO_ANSWER" };
	const { line, echo } = parsed;
	return { ...line, ...(payload && { echoed: { bytes: echo.length, intact: echo.equals(payload) } }) };
}

/** Bytes of which no stretch is another's repetition, so that one that went astray shows. */
function payloadOf(bytes: number): Buffer {
	const payload = Buffer.alloc(bytes);
	let state = 1;
	for (let at = 0; at < bytes; at++) {
		state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
		payload[at] = state >>> 16;
	}
	return payload;
}
