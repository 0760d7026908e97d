import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import test, { type ExecutionContext } from "ava";
import { BpfError, inNetworkNamespace, openSockDiag } from "bpf-loader";
import { destroyStaleSockets, type GoneBackend } from "../../src/dataplane/stale-sockets.ts";
import { createLab } from "../lab/lab.ts";

/** A lookup of its own answers at once, not from another thread. */
type Lookup = (
	address: string,
	options: unknown,
	done: (error: null, address: string, family: number) => void,
) => void;
const lookup: Lookup = (address, _options, done) => done(null, address, 0);

/** Node opens a UDP socket when it connects, in the namespace that the thread is in at that moment. */
async function connectIn(t: ExecutionContext, path: string, to: { address: string; port: number }) {
	const socket = createSocket({ type: to.address.includes(":") ? "udp6" : "udp4", lookup });
	t.teardown(() => socket.close());
	const connected = once(socket, "connect");
	inNetworkNamespace(path, () => socket.connect(to.port, to.address));
	await connected;
	return { socket, cookie: cookieOf(path, socket) };
}

function cookieOf(path: string, socket: Socket): bigint {
	using diag = inNetworkNamespace(path, openSockDiag);
	const family = socket.address().family === "IPv6" ? "IPv6" : "IPv4";
	const found = diag
		.list({ family, protocol: "UDP" })
		.find(({ source }) => source.port === socket.address().port);
	if (found === undefined) throw new Error("the socket is not listed");
	return found.cookie;
}

/** A namespace that nothing but a process of the test's keeps. */
async function unnamedNamespace(t: ExecutionContext): Promise<string> {
	const script = "ip link set lo up && echo ready && exec cat";
	const child = spawn("unshare", ["--net", "sh", "-c", script], { stdio: ["pipe", "pipe", "inherit"] });
	t.teardown(() => child.kill());
	await once(child.stdout, "data");
	return `/proc/${child.pid}/ns/net`;
}

/** In a container, processes of the machine may be out of sight. */
const withoutRefused = (failures: unknown[]) =>
	failures.filter((failure) => !(failure instanceof BpfError && failure.code === "PERMISSION"));

const backend = (address: string, protocol = "UDP"): GoneBackend => ({ address, port: 4711, protocol });

test("Connected UDP sockets to gone backends end, of every family, in named and unnamed namespaces", async (t) => {
	using lab = createLab("stale-sockets");
	const named = lab.namespace("a").path;
	const unnamed = await unnamedNamespace(t);
	const stale = await Promise.all([
		connectIn(t, named, { address: "127.0.0.9", port: 4711 }),
		connectIn(t, named, { address: "::1", port: 4711 }),
		connectIn(t, named, { address: "::ffff:127.0.0.10", port: 4711 }),
		connectIn(t, unnamed, { address: "127.0.0.9", port: 4711 }),
	]);
	const kept = await Promise.all([
		connectIn(t, named, { address: "127.0.0.9", port: 4712 }),
		connectIn(t, named, { address: "127.0.0.11", port: 4711 }),
		connectIn(t, named, { address: "127.0.0.12", port: 4711 }),
		connectIn(t, unnamed, { address: "127.0.0.9", port: 4711 }),
	]);
	const dialledItself = kept[3]?.cookie;
	const known = new Set([...stale, ...kept].map(({ cookie }) => cookie));
	const asked: unknown[] = [];
	const errors = stale.map(({ socket }) => once(socket, "error"));
	const result = await destroyStaleSockets({
		backends: [
			backend("127.0.0.9"),
			backend("::1"),
			backend("127.0.0.10"),
			backend("127.0.0.12", "TCP"),
			backend("127.0.0.13"),
		],
		isOurs(cookie, peer) {
			if (!known.has(cookie)) return false;
			asked.push(peer.address);
			return cookie !== dialledItself;
		},
	});
	t.deepEqual(withoutRefused(result.failures), []);
	t.is(result.destroyed, 4);
	t.true(result.namespaces >= 3, "the test's two and the machine's");
	t.deepEqual(asked.sort(), ["127.0.0.10", "127.0.0.9", "127.0.0.9", "127.0.0.9", "::1"]);
	for (const error of errors) t.is((await error)[0].code, "ECONNABORTED");
	for (const { socket } of kept) t.is(socket.remoteAddress().port > 0, true);
	const again = await destroyStaleSockets({
		backends: [backend("127.0.0.9")],
		isOurs: (c) => known.has(c) && c !== dialledItself,
	});
	t.is(again.destroyed, 0);
});

test("Where no UDP backend is gone, no namespace is entered", async (t) => {
	const isOurs = () => t.fail();
	for (const backends of [[], [backend("127.0.0.9", "TCP")]]) {
		const result = await destroyStaleSockets({ backends, isOurs });
		t.deepEqual(result, { destroyed: 0, namespaces: 0, failures: [] });
	}
});

test("What is not visited in time is counted", async (t) => {
	const options = { backends: [backend("127.0.0.9")], isOurs: () => false, timeoutMs: 0 };
	const { namespaces, failures } = await destroyStaleSockets(options);
	const [failure] = withoutRefused(failures);
	t.is(namespaces, 0);
	t.like(failure, { code: "TIMEOUT" });
	t.regex(String(failure), /\d+ network namespaces were left after 0 ms/);
});
