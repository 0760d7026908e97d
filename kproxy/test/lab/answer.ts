import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, type Socket as TcpSocket } from "node:net";
import type { Address, Target } from "./protocol.ts";

/** What a server says of itself in the first line that it sends. */
export interface ServerLine {
	answer: string;
	seenAs: string;
}

/** Splits what a server sent into its line and what follows; undefined while the line is not whole. */
export function parseAnswer(data: Buffer): { line: ServerLine; echo: Buffer } | undefined {
	const end = data.indexOf("\n");
	if (end < 0) return undefined;
	const [answer = "", seenAs = ""] = data.toString("utf8", 0, end).split(" ");
	return { line: { answer, seenAs }, echo: data.subarray(end + 1) };
}

/** Starts to connect a TCP socket. */
export function connectTcp({ address, port, localAddress, localPort }: Target): TcpSocket {
	return connect({
		host: address,
		port,
		...(localAddress !== undefined && { localAddress }),
		...(localPort !== undefined && { localPort }),
		noDelay: true,
		allowHalfOpen: false,
	});
}

/** A UDP socket, bound where it is to send from and connected where that is asked for. Rejects where it cannot be. */
export function openUdp(target: Target): Promise<{ socket: UdpSocket; peer?: Address }> {
	const { address, port, connected, localAddress, localPort } = target;
	// For a port that is to be used again at once. Without one, two sockets at a time might be given the same.
	const reuseAddr = localPort !== undefined;
	const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", reuseAddr });
	return new Promise((resolve, reject) => {
		const settle = (error?: Error | null) => {
			socket.removeListener("error", settle);
			if (!error) return resolve({ socket, ...(connected && { peer: peerOf(socket) }) });
			socket.on("error", () => {}).close();
			reject(error);
		};
		socket.once("error", settle);
		const go = () => (connected ? socket.connect(port, address, settle as () => void) : settle());
		if (localAddress === undefined && localPort === undefined) go();
		else socket.bind({ ...(localAddress && { address: localAddress }), port: localPort ?? 0 }, go);
	});
}

/** Sends on a connected socket, or to the target. */
export function sendUdp(
	socket: UdpSocket,
	{ target, data, sent }: { target: Target; data: Buffer | string; sent: (error: Error | null) => void },
): void {
	if (target.connected) socket.send(data, sent);
	else socket.send(data, target.port, target.address, sent);
}

/** The errno's name where there is one. */
export function codeOf(error: Error): string {
	return (error as NodeJS.ErrnoException).code ?? error.message;
}

function peerOf(socket: UdpSocket): Address {
	const { address, port } = socket.remoteAddress();
	return { address, port };
}
