import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import test from "ava";
import { createMap, LayoutError, type MapHandle, u32, u64 } from "bpf-loader";
import { openSockHash, openSockMap } from "bpf-maps";

/** Descriptor of a server's or connection's socket: Node keeps it to itself. */
function socketFd(owner: Server | Socket): number {
	const { _handle } = owner as unknown as { _handle: { fd: number } };
	return _handle.fd;
}

async function connectedPair() {
	const server = createServer();
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const accepted = once(server, "connection");
	const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
	const [peer] = (await accepted) as [Socket];
	if (client.connecting) await once(client, "connect");
	return {
		server,
		client,
		async [Symbol.asyncDispose]() {
			client.destroy();
			peer.destroy();
			server.close();
			await once(server, "close");
		},
	};
}

const kinds = [
	["a sock hash", "sockhash", (map: MapHandle) => openSockHash(map, { key: u32 })],
	["a sock map", "sockmap", (map: MapHandle) => openSockMap(map)],
] as const;

for (const [title, type, open] of kinds) {
	test(`${title} holds real sockets until they are closed`, async (t) => {
		using map = createMap({ name: "sockets", type, keySize: 4, valueSize: 8, maxEntries: 4 });
		const sockets = open(map);
		{
			await using pair = await connectedPair();
			t.true(sockets.set(2, socketFd(pair.client)));
			t.true(sockets.set(3, socketFd(pair.server)));
			t.false(sockets.set(2, socketFd(pair.client), "create"));
			t.is(typeof sockets.cookie(2), "bigint");
			t.not(sockets.cookie(2), sockets.cookie(3));
			t.deepEqual([...sockets.keys()].sort(), [2, 3]);
			t.is(sockets.count(), 2);
			t.true(sockets.delete(3));
			t.false(sockets.delete(3));
			t.false(sockets.has(3));
			t.is(sockets.cookie(3), undefined);
		}
		const deadline = Date.now() + 5000;
		while (sockets.has(2) && Date.now() < deadline) await new Promise(setImmediate);
		t.false(sockets.has(2));
		t.deepEqual([...sockets.entries()], []);
	});

	test(`${title} with 4-byte values can be written, and says why it cannot be read`, async (t) => {
		using map = createMap({ name: "sockets", type, keySize: 4, valueSize: 4, maxEntries: 4 });
		const sockets = open(map);
		await using pair = await connectedPair();
		t.true(sockets.set(1, socketFd(pair.client)));
		const error = t.throws<LayoutError>(() => sockets.cookie(1), { instanceOf: LayoutError });
		t.deepEqual([error?.expected, error?.actual], [8, 4]);
		t.throws(() => sockets.keys(), { instanceOf: LayoutError });
		t.true(sockets.delete(1));
		t.false(sockets.delete(1));
	});
}

test("what is no socket is refused", (t) => {
	using map = createMap({
		name: "sockets",
		type: "sockhash",
		keySize: 4,
		valueSize: u64.size,
		maxEntries: 4,
	});
	t.throws(() => openSockHash(map, { key: u32 }).set(1, map.fd), { message: /cannot update sockets, key 1/ });
});
