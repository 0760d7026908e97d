import test from "ava";
import { memoryTable } from "bpf-maps";
import { maps, type Peer } from "../../src/dataplane/generated/sock_lb.ts";
import { readSockPeer } from "../../src/dataplane/sock-peer.ts";

const nothing: Peer = {
	cookie: 0n,
	frontendAddress: "::",
	frontendPort: 0,
	backendPort: 0,
	backendDigest: 0,
};
const peer: Peer = {
	cookie: 0x5_0000_0007n,
	frontendAddress: "10.96.0.10",
	frontendPort: 53,
	backendPort: 5353,
	backendDigest: 1,
};
const other: Peer = { ...peer, cookie: 0x6_0000_0007n, frontendAddress: "10.96.0.11" };

const table = (...way: Peer[]) => {
	const peers = memoryTable<number, { way: readonly Peer[] }>({ ...maps.sock_peers, kind: "array" });
	peers.set(7, { way });
	return peers;
};

for (const { title, way, cookie = peer.cookie, port = 5353, found } of [
	{ title: "used last is found", way: [peer, other], found: "10.96.0.10" },
	{ title: "used before another is found", way: [other, peer], found: "10.96.0.10" },
	{ title: "of another socket is not taken", way: [other, nothing], found: undefined },
	{ title: "with another backend port is not taken", way: [peer, other], port: 5354, found: undefined },
	{ title: "that is empty is not taken", way: [nothing, nothing], cookie: 0n, port: 0, found: undefined },
]) {
	test(`A record ${title}`, (t) => {
		t.is(readSockPeer(table(...way), cookie, port)?.address, found);
	});
}

test("A record is read again while a program moves it within its set", (t) => {
	const reads = [
		[nothing, nothing],
		[other, peer],
		[peer, other],
		[peer, other],
	];
	const get = () => ({ way: reads.shift() ?? [] });
	t.deepEqual(readSockPeer({ get, maxEntries: 131_072 }, peer.cookie, 5353), {
		address: "10.96.0.10",
		port: 53,
	});
});

test("A record that changes at every read is not taken", (t) => {
	let port = 0;
	const get = () => ({ way: [{ ...peer, frontendPort: ++port }] });
	t.is(readSockPeer({ get, maxEntries: 131_072 }, peer.cookie, 5353), undefined);
});
