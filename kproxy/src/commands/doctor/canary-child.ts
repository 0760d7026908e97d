/**
 * The process that the canary moves into its cgroup: dials the frontend that it is given and prints what happened.
 * It waits for a line on standard input first, because a socket belongs to the cgroup it was made in.
 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";

const TIMEOUT_MS = 2000;

const [protocol, address, port] = process.argv.slice(2);
if (protocol === undefined || address === undefined || port === undefined) {
	throw new Error("usage: canary-child PROTOCOL ADDRESS PORT");
}
process.stdin.once("data", () => {
	process.stdin.destroy();
	const where = { address, port: Number(port) };
	void (protocol === "tcp" ? dialTcp(where) : dialUdp(where)).then((said) => process.stdout.write(said));
});

function dialTcp(where: { address: string; port: number }): Promise<string> {
	return new Promise((resolve) => {
		const socket = connect(where.port, where.address);
		socket.setTimeout(TIMEOUT_MS, () => done("timed out"));
		socket.on("error", (error) => done(error.message));
		socket.on("data", (data) => done(`${data} from ${socket.remoteAddress}`));
		const done = (said: string) => {
			socket.destroy();
			resolve(said);
		};
	});
}

/** Unconnected, so that sendmsg and recvmsg are tried too and not connect again. */
function dialUdp(where: { address: string; port: number }): Promise<string> {
	return new Promise((resolve) => {
		const socket = createSocket(where.address.includes(":") ? "udp6" : "udp4");
		const timer = setTimeout(() => done("timed out"), TIMEOUT_MS);
		socket.on("error", (error) => done(error.message));
		socket.on("message", (message, { address }) => done(`${message} from ${address}`));
		socket.send("?", where.port, where.address);
		const done = (said: string) => {
			clearTimeout(timer);
			socket.close();
			resolve(said);
		};
	});
}
