import test from "ava";
import { encodeDestroy, parseSocket } from "../../src/netlink/sock-diag.ts";
import { recordedMessages } from "./recorded.ts";

test("UDP sockets are read from recorded dumps, one of IPv6 that talks IPv4 among them", (t) => {
	const base = { ifindex: 0, state: "established" };
	t.deepEqual(recordedMessages("udp").flatMap(parseSocket), [
		{
			...base,
			family: "IPv4",
			source: { address: "127.0.0.1", port: 56748 },
			destination: { address: "127.0.0.10", port: 53 },
			cookie: 0x5847n,
		} as const,
		{
			...base,
			family: "IPv6",
			source: { address: "127.0.0.1", port: 55848 },
			destination: { address: "127.0.0.9", port: 4711 },
			cookie: 0x5848n,
		} as const,
	] as ReturnType<typeof parseSocket>);
});

test("A request to destroy a socket names it as the kernel listed it", (t) => {
	for (const message of recordedMessages("udp")) {
		const [socket] = parseSocket(message);
		if (socket === undefined) return t.fail("no socket");
		const request = Buffer.from(encodeDestroy(socket));
		const { buffer, byteOffset } = message.body;
		// struct inet_diag_sockid, 48 bytes, at 4 in the answer and at 8 in the request.
		t.is(request.toString("hex", 8), Buffer.from(buffer, byteOffset + 4, 48).toString("hex"));
		t.is(request.readUInt8(0), message.body.getUint8(0));
		t.is(request.readUInt8(1), 17);
	}
});
