import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { ListenOptions } from "./protocol.ts";

type NamedListenOptions = ListenOptions & { name: string };

/** Serves until the process ends: each answer starts with one line, the name and the client as seen here. */
export async function listen(options: NamedListenOptions): Promise<{ port: number }> {
	return options.protocol === "TCP" ? listenTcp(options) : listenUdp(options);
}

async function listenTcp({ address, port, name, echo }: NamedListenOptions): Promise<{ port: number }> {
	// Half open, so that all of what a client sent before it ended comes back.
	const server = createServer({ allowHalfOpen: echo === true }, (socket) => {
		// A client that gives up is its own business.
		socket.on("error", () => {});
		const line = `${name} ${socket.remoteAddress}:${socket.remotePort}\n`;
		if (!echo) return socket.end(line);
		socket.write(line);
		socket.pipe(socket);
	});
	server.listen({ host: address, port, backlog: 4096 });
	await once(server, "listening");
	return { port: (server.address() as AddressInfo).port };
}

async function listenUdp({ address, port, name, echo }: NamedListenOptions): Promise<{ port: number }> {
	const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
	socket.on("message", (message, from) => {
		const line = Buffer.from(`${name} ${from.address}:${from.port}\n`);
		const answer = echo ? [line, message] : [line];
		socket.send(answer, from.port, from.address, () => {});
	});
	// What an ICMP error says of one client is no matter of the others.
	socket.on("error", () => {});
	socket.bind(port, address);
	await Promise.race([
		once(socket, "listening"),
		once(socket, "error").then(([error]) => Promise.reject(error)),
	]);
	return { port: socket.address().port };
}
