import { readdirSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { type NetworkSnapshot, readNetwork, watchNetwork } from "../../src/index.ts";
import { makeNamespace, run, type TestNamespace } from "./sandbox.ts";

const setup = [
	"link add br0 type bridge",
	"link add v0 type veth peer name v1",
	"link set v0 master br0",
	"link set br0 mtu 1400",
	"link set v1 up",
	"link set v0 up",
	"link add t0 type veth peer name t1",
	"link set t0 up",
	"link set t1 up",
	"addr add 192.0.2.1/24 dev v1",
	"addr add 198.51.100.1 peer 198.51.100.2/32 dev t0",
	"addr add 2001:db8:0:0::1/64 dev v1 nodad",
	"addr add 2001:db8:1::1/64 dev v0",
	"route add default via 192.0.2.2",
	"route add ::/0 via 2001:db8::2 dev v1",
	"route add default dev t0 table 7",
	"route add unreachable ::/0 metric 9999",
	"route add 203.0.113.0/24 dev t0",
];

const nameOf = (snapshot: NetworkSnapshot, ifindex: number) =>
	snapshot.links.find((link) => link.ifindex === ifindex)?.name;

const ipIn = (net: TestNamespace, ...words: string[]) =>
	run("ip", ["-n", net.path.replace("/run/netns/", ""), ...words]);

test("readNetwork lists the devices, addresses and default routes of the thread's namespace", (t) => {
	const net = makeNamespace(t, setup);
	const snapshot = net.inside(readNetwork);
	const links = Object.fromEntries(snapshot.links.map((link) => [link.name, link]));
	const { lo, br0, v0, v1, t0 } = links;
	const base = { up: true, loopback: false, ethernet: true };
	t.deepEqual(lo, { ifindex: 1, name: "lo", up: true, loopback: true, ethernet: false, mtu: 65536 });
	t.like(br0, { kind: "bridge", up: false, ethernet: true, mtu: 1400 });
	t.deepEqual(v0, {
		...base,
		ifindex: v0?.ifindex ?? 0,
		name: "v0",
		kind: "veth",
		master: br0?.ifindex ?? 0,
		masterKind: "bridge",
		mtu: 1500,
	});
	t.deepEqual(v1, { ...base, ifindex: v1?.ifindex ?? 0, name: "v1", kind: "veth", mtu: 1500 });
	t.is(t0?.kind, "veth");
	const addresses = snapshot.addresses
		.filter(({ address }) => !address.startsWith("fe80"))
		.map(({ ifindex, ...address }) => ({ device: nameOf(snapshot, ifindex), ...address }));
	t.deepEqual(addresses, [
		{ device: "lo", address: "127.0.0.1", prefixLength: 8, scope: "host", tentative: false },
		{ device: "v1", address: "192.0.2.1", prefixLength: 24, scope: "global", tentative: false },
		{ device: "t0", address: "198.51.100.1", prefixLength: 32, scope: "global", tentative: false },
		{ device: "lo", address: "::1", prefixLength: 128, scope: "host", tentative: false },
		...addresses.slice(4),
	]);
	const v6 = (address: string) => addresses.find((found) => found.address === address);
	t.like(v6("2001:db8::1"), { device: "v1", prefixLength: 64, scope: "global", tentative: false });
	t.like(v6("2001:db8:1::1"), { device: "v0", tentative: true });
	const linkLocal = snapshot.addresses.find(({ address }) => address.startsWith("fe80"));
	t.is(linkLocal?.scope, "link");
	const routes = snapshot.defaultRoutes.map(({ ifindex, family }) => [nameOf(snapshot, ifindex), family]);
	t.deepEqual(routes, [
		["v1", "IPv4"],
		["v1", "IPv6"],
	]);
});

test("readNetwork finds both devices of a default route with two next hops", (t) => {
	const hops = ["nexthop", "via", "192.0.2.2", "nexthop", "dev", "t0"];
	const net = makeNamespace(t, setup);
	ipIn(net, "route", "replace", "default", ...hops);
	const snapshot = net.inside(readNetwork);
	const names = snapshot.defaultRoutes.filter(({ family }) => family === "IPv4");
	t.deepEqual(
		names.map(({ ifindex }) => nameOf(snapshot, ifindex)),
		["v1", "t0"],
	);
});

test("readNetwork reads a dump of many parts whole", (t) => {
	const addresses = Array.from({ length: 2000 }, (_, i) => `addr add 10.1.${i >> 8}.${i & 255}/32 dev lo`);
	const net = makeNamespace(t, addresses);
	const found = net.inside(readNetwork).addresses.filter(({ address }) => address.startsWith("10.1."));
	t.is(new Set(found.map(({ address }) => address)).size, 2000);
});

/** Resolves with the next snapshot that fits. */
function watchFor(t: ExecutionContext, net: TestNamespace, quietMs = 20) {
	const waiting = new Set<(snapshot: NetworkSnapshot) => void>();
	let count = 0;
	const watch = net.inside(() =>
		watchNetwork({
			quietMs,
			onChange(snapshot) {
				count++;
				for (const look of [...waiting]) look(snapshot);
			},
			onError: (error) => t.fail(String(error)),
		}),
	);
	t.teardown(() => watch.close());
	const next = (fits: (snapshot: NetworkSnapshot) => boolean) =>
		new Promise<NetworkSnapshot>((resolve) => {
			const look = (snapshot: NetworkSnapshot) => {
				if (!fits(snapshot)) return;
				waiting.delete(look);
				resolve(snapshot);
			};
			waiting.add(look);
		});
	return { watch, next, count: () => count };
}

const hasAddress = (address: string) => (snapshot: NetworkSnapshot) =>
	snapshot.addresses.some((found) => found.address === address);

test("watchNetwork tells of devices, addresses and default routes of the namespace it was opened in", async (t) => {
	const net = makeNamespace(t, setup);
	const { next } = watchFor(t, net);
	const steps: [words: string, fits: (snapshot: NetworkSnapshot) => boolean][] = [
		["addr add 203.0.113.9/32 dev lo", hasAddress("203.0.113.9")],
		["addr del 203.0.113.9/32 dev lo", (snapshot) => !hasAddress("203.0.113.9")(snapshot)],
		["addr add 2001:db8:9::9/128 dev lo", hasAddress("2001:db8:9::9")],
		["link add d9 type bridge", ({ links }) => links.some(({ name }) => name === "d9")],
		["link set d9 up", ({ links }) => links.some(({ name, up }) => name === "d9" && up)],
		["link del d9", ({ links }) => !links.some(({ name }) => name === "d9")],
		["route del default", ({ defaultRoutes }) => !defaultRoutes.some(({ family }) => family === "IPv4")],
		["-6 route del default via 2001:db8::2 dev v1", ({ defaultRoutes }) => defaultRoutes.length === 0],
	];
	for (const [words, fits] of steps) {
		const seen = next(fits);
		ipIn(net, ...words.split(" "));
		t.true(fits(await seen), words);
	}
});

test("watchNetwork gives one snapshot for a burst, and one where the kernel dropped messages", async (t) => {
	const net = makeNamespace(t);
	const { next, count } = watchFor(t, net, 200);
	// spawnSync blocks the event loop meanwhile: far more messages than a socket has room for.
	const lines = Array.from({ length: 5000 }, (_, i) => `addr add 10.2.${i >> 8}.${i & 255}/32 dev lo`);
	const seen = next(hasAddress("10.2.19.135"));
	run("ip", ["-n", net.path.replace("/run/netns/", ""), "-batch", "-"], `${lines.join("\n")}\n`);
	t.is((await seen).addresses.filter(({ address }) => address.startsWith("10.2.")).length, 5000);
	t.is(count(), 1);
	const again = next(hasAddress("203.0.113.1"));
	ipIn(net, "addr", "add", "203.0.113.1/32", "dev", "lo");
	t.truthy(await again, "the watch goes on after an overrun");
});

test("A closed watch calls nothing and leaves no descriptor", async (t) => {
	const net = makeNamespace(t);
	const open = () => readdirSync("/proc/self/fd").length;
	net.inside(readNetwork);
	const before = open();
	const closed = watchFor(t, net, 1);
	t.true(open() > before);
	closed.watch.close();
	closed.watch.close();
	t.is(open(), before);
	const other = watchFor(t, net, 1);
	const seen = other.next(hasAddress("203.0.113.1"));
	ipIn(net, "addr", "add", "203.0.113.1/32", "dev", "lo");
	await seen;
	t.is(closed.count(), 0);
});
