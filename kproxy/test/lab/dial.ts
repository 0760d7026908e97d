import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { type Address, type Dial, type DialOptions, monotonicMs } from "./protocol.ts";

/** What a dial found out: the first answer or error ends it. */
type Outcome = Omit<Dial, "startedMs" | "tookMs">;

/** Makes one dial to the end: an answer, an error or the time-out. Never rejects. */
export async function dial(options: DialOptions): Promise<Dial> {
	const startedMs = monotonicMs();
	const outcome = await (options.protocol === "TCP" ? dialTcp(options) : dialUdp(options));
	return { startedMs, tookMs: monotonicMs() - startedMs, ...outcome };
}

function dialTcp({ address, port, timeoutMs = 2_000 }: DialOptions): Promise<Outcome> {
	return new Promise((resolve) => {
		let peer: Address | undefined;
		let text = "";
		const socket = connect({ host: address, port });
		const timer = setTimeout(() => finish({ error: "TIMEOUT" }), timeoutMs);
		const finish = (outcome: Outcome) => {
			clearTimeout(timer);
			socket.destroy();
			resolve({ ...(peer && { peer }), ...outcome });
		};
		socket.once("connect", () => {
			peer = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
		});
		socket.on("data", (data) => {
			text += data;
		});
		socket.once("end", () => finish(parseAnswer(text)));
		socket.once("error", (error) => finish({ error: codeOf(error) }));
	});
}

function dialUdp({ address, port, connected = false, timeoutMs = 2_000 }: DialOptions): Promise<Outcome> {
	return new Promise((resolve) => {
		let peer: Address | undefined;
		const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
		const timer = setTimeout(() => finish({ error: "TIMEOUT" }), timeoutMs);
		const finish = (outcome: Outcome) => {
			clearTimeout(timer);
			socket.removeAllListeners().on("error", () => {});
			socket.close();
			resolve({ ...(peer && { peer }), ...outcome });
		};
		const failed = (error: Error | null | undefined) => {
			if (error) finish({ error: codeOf(error) });
		};
		socket.once("error", failed);
		socket.once("message", (message, from) => {
			finish({ ...parseAnswer(String(message)), from: { address: from.address, port: from.port } });
		});
		if (!connected) return socket.send("who", port, address, failed);
		socket.connect(port, address, (error?: Error) => {
			if (error) return failed(error);
			const { address: peerAddress, port: peerPort } = socket.remoteAddress();
			peer = { address: peerAddress, port: peerPort };
			socket.send("who", failed);
		});
	});
}

function parseAnswer(text: string): Outcome {
	const [answer = "", seenAs = ""] = text.trim().split(" ");
	return answer === "" ? { error: "NO_ANSWER" } : { answer, seenAs };
}

function codeOf(error: Error): string {
	return (error as NodeJS.ErrnoException).code ?? error.message;
}
