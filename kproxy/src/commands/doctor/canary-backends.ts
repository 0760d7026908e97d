import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Two small servers that answer `canary`. */
export interface CanaryBackends extends AsyncDisposable {
	readonly ports: { tcp: number; udp: number };
}

/** Listens on free ports of this address. */
export async function startBackends(address: string): Promise<CanaryBackends> {
	const tcp = createServer((socket) => {
		// Who dials and goes away at once is no concern of ours.
		socket.on("error", () => {});
		socket.end("canary");
	});
	const udp = createSocket("udp4");
	udp.on("message", (_, { address: from, port }) => udp.send("canary", port, from));
	tcp.listen(0, address);
	udp.bind(0, address);
	await Promise.all([once(tcp, "listening"), once(udp, "listening")]);
	return {
		ports: { tcp: (tcp.address() as AddressInfo).port, udp: udp.address().port },
		async [Symbol.asyncDispose]() {
			tcp.close();
			udp.close();
			await Promise.all([once(tcp, "close"), once(udp, "close")]);
		},
	};
}
