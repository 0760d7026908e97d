import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { ListenOptions } from "./protocol.ts";

/** Serves until the process ends: each answer is one line, the name and the client as seen here. */
export async function listen(options: ListenOptions & { name: string }): Promise<{ port: number }> {
	return options.protocol === "TCP" ? listenTcp(options) : listenUdp(options);
}

async function listenTcp({
	address,
	port,
	name,
}: ListenOptions & { name: string }): Promise<{ port: number }> {
	const server = createServer((socket) => {
		// A client that gives up is its own business.
		socket.on("error", () => {});
		socket.end(`${name} ${socket.remoteAddress}:${socket.remotePort}\n`);
	});
	server.listen({ host: address, port, backlog: 4096 });
	await once(server, "listening");
	return { port: (server.address() as AddressInfo).port };
}

async function listenUdp({
	address,
	port,
	name,
}: ListenOptions & { name: string }): Promise<{ port: number }> {
	const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
	socket.on("message", (_, from) => {
		socket.send(`${name} ${from.address}:${from.port}\n`, from.port, from.address, () => {});
	});
	socket.bind(port, address);
	await once(socket, "listening");
	return { port: socket.address().port };
}
