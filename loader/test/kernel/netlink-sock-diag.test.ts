import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import test, { type ExecutionContext } from "ava";
import { type DiagSocket, inNetworkNamespace, openSockDiag, type SockDiag } from "../../src/index.ts";
import { makeNamespace, type TestNamespace } from "./sandbox.ts";

/** Node opens a UDP socket when it binds or connects, in the namespace that the thread is in at that moment. */
function connectedSocket(
	t: ExecutionContext,
	net: TestNamespace,
	to: { family: "udp4" | "udp6"; address: string; port: number },
): Promise<Socket> {
	const socket = createSocket({
		type: to.family,
		// A lookup of its own answers at once, not from another thread.
		lookup: (address, _options, done) => done(null, address, 0),
	});
	t.teardown(() => socket.close());
	const connected = once(socket, "connect");
	inNetworkNamespace(net.path, () => socket.connect(to.port, to.address));
	return connected.then(() => socket);
}

function openIn(t: ExecutionContext, net: TestNamespace): SockDiag {
	const diag = inNetworkNamespace(net.path, openSockDiag);
	t.teardown(() => diag.close());
	return diag;
}

const only = (sockets: DiagSocket[]): DiagSocket => {
	const [first] = sockets;
	if (sockets.length !== 1 || first === undefined) throw new Error(`${sockets.length} sockets, not 1`);
	return first;
};

for (const { type, family, address } of [
	{ type: "udp4", family: "IPv4", address: "127.0.0.9" },
	{ type: "udp6", family: "IPv6", address: "::1" },
	{ type: "udp6", family: "IPv6", address: "::ffff:127.0.0.9" },
] as const) {
	test(`A UDP socket of ${type} to ${address} is listed with its ends, and destroyed once`, async (t) => {
		const net = makeNamespace(t);
		const diag = openIn(t, net);
		const socket = await connectedSocket(t, net, { family: type, address, port: 4711 });
		const query = { family, protocol: "UDP" } as const;
		const found = only(diag.list(query));
		t.like(found, {
			family,
			destination: { address: address.replace("::ffff:", ""), port: 4711 },
			ifindex: 0,
			state: "established",
		});
		t.is(found.source.port, socket.address().port);
		t.deepEqual(diag.list({ ...query, connected: true }), [found]);
		t.deepEqual(diag.list({ ...query, family: family === "IPv4" ? "IPv6" : "IPv4" }), []);
		t.false(diag.destroy({ ...found, cookie: found.cookie + 1n }), "another cookie");
		t.false(diag.destroy({ ...found, destination: { ...found.destination, port: 4712 } }), "another peer");
		t.deepEqual(diag.list({ ...query, connected: true }), [found]);
		const failed = once(socket, "error");
		t.true(diag.destroy(found));
		const [error] = await failed;
		t.is((error as NodeJS.ErrnoException).code, "ECONNABORTED");
		t.false(diag.destroy(found));
		t.deepEqual(diag.list({ ...query, connected: true }), []);
	});
}

test("A destroyed connection leaves other sockets to the same peer alone, and those of other namespaces", async (t) => {
	const [net, other] = [makeNamespace(t), makeNamespace(t)];
	const to = { family: "udp4", address: "127.0.0.9", port: 4711 } as const;
	const first = await connectedSocket(t, net, to);
	const second = await connectedSocket(t, net, to);
	await connectedSocket(t, other, to);
	const diag = openIn(t, net);
	const query = { family: "IPv4", protocol: "UDP", connected: true } as const;
	const sockets = diag.list(query);
	t.is(new Set(sockets.map(({ cookie }) => cookie)).size, 2);
	const target = sockets.find(({ source }) => source.port === first.address().port);
	if (target === undefined) return t.fail("the socket is not listed");
	const failed = once(first, "error");
	t.true(diag.destroy(target));
	await failed;
	t.is(only(diag.list(query)).source.port, second.address().port);
	t.is(openIn(t, other).list(query).length, 1);
});

test("Unconnected UDP sockets are listed, where not only connected ones are asked for", async (t) => {
	const net = makeNamespace(t);
	const socket = createSocket({ type: "udp4", lookup: (address, _options, done) => done(null, address, 0) });
	t.teardown(() => socket.close());
	const listening = once(socket, "listening");
	inNetworkNamespace(net.path, () => socket.bind(4711, "127.0.0.1"));
	await listening;
	const diag = openIn(t, net);
	t.like(only(diag.list({ family: "IPv4", protocol: "UDP" })), {
		source: { address: "127.0.0.1", port: 4711 },
		destination: { address: "0.0.0.0", port: 0 },
		state: "unconnected",
	});
	t.deepEqual(diag.list({ family: "IPv4", protocol: "UDP", connected: true }), []);
});
