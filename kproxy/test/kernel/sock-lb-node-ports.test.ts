import test from "ava";
import { NodeAddressFlag } from "../../src/dataplane/generated/sock_lb.ts";
import { sweepLabs } from "../lab/lab.ts";
import { BIND_AFTER_REFUSAL, BIND_REFUSED } from "../lab/refusals.ts";
import { backendAt, createStage, type Stage, serveNames, setFrontend } from "./sock-lb-stage.ts";

/** NodePorts by the families of their frontends, and one port of the range that no Service has. */
const PORTS = { both: 30_080, ipv4: 30_084, ipv6: 30_086, none: 30_090, outOfRange: 29_999 };
const ANY = { ipv4: "0.0.0.0", ipv6: "::" };
const ADDRESS = { ipv4: "10.9.0.1", ipv6: "fd00:9::1" };
/** The slot and, less 1, the number of each family's backend; its server answers with the family's name. */
const BACKENDS = { ipv4: { slot: 0, address: "10.1.0.1" }, ipv6: { slot: 1, address: "fd00:10:1::1" } };

let stage: Stage;

/** NodePorts and the addresses of the node. */
function fill({ maps }: Stage): void {
	const ports = [
		...(["both", "ipv4", "outOfRange"] as const).map((name) => ({
			family: "ipv4" as const,
			port: PORTS[name],
		})),
		...(["both", "ipv6", "outOfRange"] as const).map((name) => ({
			family: "ipv6" as const,
			port: PORTS[name],
		})),
	];
	for (const { family, port } of ports) {
		setFrontend(maps, { address: ANY[family], port, firstSlot: BACKENDS[family].slot, slotCount: 1 });
	}
	const backends = Object.values(BACKENDS);
	maps.slots.setAll(backends.map(({ slot }) => [slot, slot + 1]));
	maps.backends.setAll(backends.map(({ slot, address }) => [slot + 1, backendAt(address)]));
	maps.nodeAddresses.setAll([
		[ADDRESS.ipv4, NodeAddressFlag.PLAIN],
		[ADDRESS.ipv6, NodeAddressFlag.PLAIN],
		["127.0.0.1", NodeAddressFlag.LOOPBACK],
	]);
	// What has an address of its own, at a NodePort's number.
	setFrontend(maps, { address: "10.96.0.9", port: PORTS.ipv6, firstSlot: BACKENDS.ipv4.slot, slotCount: 1 });
	setFrontend(maps, { address: ADDRESS.ipv4, port: PORTS.ipv6, firstSlot: BACKENDS.ipv4.slot, slotCount: 1 });
}

test.before(async () => {
	sweepLabs();
	stage = createStage("node-ports", { errno: true });
	fill(stage);
	const servers = { [BACKENDS.ipv4.address]: "ipv4", [BACKENDS.ipv6.address]: "ipv6" };
	await serveNames(stage, { namespace: stage.namespace, servers });
	await serveNames(stage, { namespace: stage.pod, servers });
	const own = await stage.lab.agent("own", { namespace: stage.pod, cgroup: "others" });
	for (const protocol of ["TCP", "UDP"] as const) {
		for (const address of ["127.0.0.1", "::1"]) await own.listen({ protocol, address, port: PORTS.both });
	}
});

test.after.always(() => stage?.close());

/** Dials with every kind of socket; the answers without repeats. */
async function dial(kind: string, to: string, namespace = stage.namespace): Promise<string[]> {
	const lines = await stage.client(
		[
			...[`tcp${kind}`, `connect=${to}`, "peer", "send", "recv"],
			...[`udp${kind}`, `connect=${to}`, "peer", "send", "recv"],
			...[`udp${kind}`, `sendto=${to}`, "recv"],
		],
		namespace,
	);
	// Of a TCP stream recvfrom() has no address.
	return [...new Set(lines.map((line) => line.replace(/^(recv \S+) from .*/, "$1")))];
}

/** What `dial` says where a server answered whose client sees what it dialled. */
const reached = (name: string, to: string) => ["connect ok", `peer ${to}`, `recv ${name}`];

const DIALS = [
	{ what: "an address of the node", kind: "4", host: ADDRESS.ipv4, answer: "ipv4" },
	{ what: "an IPv6 address of the node", kind: "6", host: `[${ADDRESS.ipv6}]`, answer: "ipv6" },
	{ what: "a mapped address of the node", kind: "6", host: `[::ffff:${ADDRESS.ipv4}]`, answer: "ipv4" },
] as const;
for (const { what, kind, host, answer } of DIALS) {
	const to = `${host}:${PORTS.both}`;
	test.serial(`A NodePort at ${what} leads to a backend, from the node and from a pod`, async (t) => {
		t.deepEqual(await dial(kind, to), reached(answer, to));
		t.deepEqual(await dial(kind, to, stage.pod), reached(answer, to));
	});
}

for (const host of [
	"127.0.0.1",
	"127.0.0.53",
	"127.255.255.254",
	"[::ffff:127.0.0.1]",
	"[::ffff:127.9.9.9]",
]) {
	const kind = host.startsWith("[") ? "6" : "4";
	const to = `${host}:${PORTS.both}`;
	test.serial(`A process of the node dials a NodePort at ${host}`, async (t) => {
		t.deepEqual(await dial(kind, to), reached("ipv4", to));
	});
}

for (const { host, kind } of [
	{ host: "127.0.0.1", kind: "4" },
	{ host: "[::ffff:127.0.0.1]", kind: "6" },
	{ host: "[::1]", kind: "6" },
]) {
	const to = `${host}:${PORTS.both}`;
	test.serial(`A pod's ${host} is its own, also at a NodePort's number`, async (t) => {
		t.deepEqual(await dial(kind, to, stage.pod), reached("own", to));
	});
}

/** Dials that the hooks let pass; nobody is there. */
const PASSED = [
	{ name: "::1 has no NodePorts, as with kube-proxy", kind: "6", to: `[::1]:${PORTS.both}` },
	{ name: "An address that is none of the node's has no NodePorts", kind: "4", to: `10.1.0.1:${PORTS.both}` },
	{ name: "A port of the range that no Service has is passed", kind: "4", to: `127.0.0.1:${PORTS.none}` },
	{ name: "A NodePort of IPv4 alone is none of IPv6", kind: "6", to: `[::1]:${PORTS.ipv4}` },
	{ name: "A port outside the NodePort range is never one", kind: "4", to: `127.0.0.1:${PORTS.outOfRange}` },
] as const;
for (const { name, kind, to } of PASSED) {
	test.serial(name, async (t) => {
		const outcomes = await stage.counted(() => stage.client([`tcp${kind}`, `connect=${to}`]));
		t.deepEqual(
			outcomes.map(({ reason, hook }) => `${reason} ${hook}`),
			["NOT_FRONTEND CONNECT"],
		);
	});
}

for (const host of ["10.96.0.9", ADDRESS.ipv4]) {
	const to = `${host}:${PORTS.ipv6}`;
	test.serial(`A frontend of its own at ${host} is found at a port of the NodePort range`, async (t) => {
		t.deepEqual(await dial("4", to), reached("ipv4", to));
		t.deepEqual(await dial("4", to, stage.pod), reached("ipv4", to));
	});
}

test.serial("Without loopback among the node's addresses its NodePorts are not there", async (t) => {
	stage.maps.nodeAddresses.delete("127.0.0.1");
	const lines = await stage.client(["tcp4", `connect=127.0.0.1:${PORTS.both}`]);
	stage.maps.nodeAddresses.setAll([["127.0.0.1", NodeAddressFlag.LOOPBACK]]);
	t.deepEqual(lines, ["connect ECONNREFUSED"]);
});

/** Every socket that could take a port from a NodePort. */
const BINDS = [
	{ socket: ["tcp4"], host: "0.0.0.0", taken: ["both", "ipv4"] },
	{ socket: ["udp4"], host: "0.0.0.0", taken: ["both", "ipv4"] },
	{ socket: ["tcp4"], host: "127.0.0.1", taken: ["both", "ipv4"] },
	{ socket: ["udp4"], host: BACKENDS.ipv4.address, taken: ["both", "ipv4"] },
	{ socket: ["tcp6"], host: "[::]", taken: ["both", "ipv4", "ipv6"] },
	{ socket: ["udp6"], host: "[::]", taken: ["both", "ipv4", "ipv6"] },
	{ socket: ["tcp6", "only6"], host: "[::]", taken: ["both", "ipv4", "ipv6"] },
	{ socket: ["udp6"], host: `[${BACKENDS.ipv6.address}]`, taken: ["both", "ipv4", "ipv6"] },
] as const;
const FREE = ["none", "outOfRange"] as const;
for (const { socket, host, taken } of BINDS) {
	test.serial(`A process of the node cannot bind ${socket.join(" ")} at ${host} to a NodePort`, async (t) => {
		const steps = (ports: readonly (keyof typeof PORTS)[]) =>
			ports.flatMap((port) => [...socket, `bind=${host}:${PORTS[port]}`]);
		const outcomes = await stage.counted(async () => {
			t.deepEqual(new Set(await stage.client(steps(taken))), new Set([`bind ${BIND_REFUSED}`]));
		});
		t.deepEqual(
			outcomes.map(({ reason, hook, packets, refused }) => [reason, hook, packets, refused]),
			[["NODE_PORT_TAKEN", "POST_BIND", BigInt(taken.length), true]],
		);
		t.deepEqual(new Set(await stage.client(steps(FREE))), new Set(["bind ok"]));
	});
}

test.serial("A NodePort of IPv6 alone leaves the port to IPv4 sockets", async (t) => {
	const lines = await stage.client(["tcp4", "udp4"].flatMap((kind) => [kind, `bind=0.0.0.0:${PORTS.ipv6}`]));
	t.deepEqual(lines, ["bind ok", "bind ok"]);
});

test.serial("A socket that was refused a NodePort binds to another port", async (t) => {
	const steps = ["tcp4", `bind=0.0.0.0:${PORTS.both}`, `bind=0.0.0.0:${PORTS.none}`];
	const [first, second] = await stage.client(steps);
	t.is(first, `bind ${BIND_REFUSED}`);
	t.true(BIND_AFTER_REFUSAL.map((each) => `bind ${each}`).includes(second ?? ""), second);
});

for (const { socket, host } of BINDS) {
	test.serial(`A pod binds ${socket.join(" ")} at ${host} to any port`, async (t) => {
		const port = host.startsWith("[") ? PORTS.ipv6 : PORTS.ipv4;
		t.deepEqual(await stage.client([...socket, `bind=${host}:${port}`], stage.pod), ["bind ok"]);
	});
}

test.serial(
	"Where no namespace is the node's, loopback has no NodePorts and every bind is allowed",
	async (t) => {
		using other = createStage("no-node", { errno: true, hostNetns: 0n });
		fill(other);
		const steps = ["tcp4", `connect=127.0.0.1:${PORTS.both}`, "udp4", `bind=0.0.0.0:${PORTS.both}`];
		t.deepEqual(await other.client(steps), ["connect ECONNREFUSED", "bind ok"]);
	},
);
