import { existsSync, readdirSync } from "node:fs";
import test from "ava";
import {
	attachClsact,
	attachTcx,
	loadObject,
	openPinnedMap,
	openSpec,
	openTcFilter,
	type Program,
} from "bpf-loader";
import { lacks } from "../../../loader/test/lacks.ts";
import type { PinLayout } from "../../src/dataplane/bpffs.ts";
import { FILTER } from "../../src/dataplane/devices/clsact-hooks.ts";
import { openNodeMaps } from "../../src/dataplane/devices/node-maps.ts";
import { readDevices } from "../../src/dataplane/devices/read-devices.ts";
import { findRemovable, removeDataplane } from "../../src/dataplane/remove-dataplane.ts";
import { packetObjectPath } from "../../src/dataplane/service-maps.ts";
import { sweepLabs } from "../lab/lab.ts";
import { deviceStage, type FollowEvent, HAS_TCX, hasFilters } from "./devices-stage.ts";

test.before(() => sweepLabs());

/** A node device that every kernel can make. */
const TUNNEL = "type vxlan id 5 dstport 4789";

/** Of what is made of links alone; what filters do instead has tests of its own. */
const TCX = { feature: "tcx links", has: HAS_TCX };

/** Names and classes of the devices that have their programs. */
const served = ({ devices }: FollowEvent) =>
	Object.fromEntries(devices.filter(({ attached }) => attached).map((each) => [each.name, each.class]));

const has = (name: string, wanted: string | undefined) => (event: FollowEvent) =>
	served(event)[name] === wanted;

/** The descriptors go with this process. */
const pinnedNodeMaps = ({ map }: PinLayout) =>
	openNodeMaps({
		devices: openPinnedMap(map("devices")),
		node_addresses: openPinnedMap(map("node_addresses")),
		cluster: openPinnedMap(map("cluster")),
	});

test.serial("Devices that are there at the start have their programs when it is over", async (t) => {
	using at = deviceStage("start");
	at.node.namespace.ip([
		`link add eth0 ${TUNNEL}`,
		"link add veth0 type veth peer name veth1",
		"link add br0 type bridge",
	]);
	const follower = await at.follow();
	t.deepEqual(served(follower.events[0] as FollowEvent), {
		eth0: "node",
		veth0: "pod",
		veth1: "pod",
		br0: "pod",
	});
	for (const device of ["eth0", "veth0", "veth1", "br0"]) {
		const { ingress, egress } = at.programs(device);
		t.is(ingress.length, 1, device);
		t.is(egress.length, 1, device);
	}
	t.deepEqual(at.programs("lo"), { ingress: [], egress: [] });
	const [eth0] = at.inside(() => readDevices(at.layout.links));
	t.like(eth0, { name: "eth0", class: "node", sides: ["ingress", "egress"] });
	t.is(existsSync(`${at.layout.links}/tc_node_ingress_${at.index("eth0")}`), HAS_TCX);
	await follower.close();
	t.is(at.programs("eth0").ingress.length, 1, "they stay when the daemon goes");
});

test.serial("A device that appears, is renamed and vanishes is followed, and so are its pins", async (t) => {
	using at = deviceStage("appear");
	const { namespace } = at.node;
	const follower = await at.follow();
	namespace.ip(["link add pod1 type veth peer name peer1", "link set pod1 up"]);
	const appeared = await follower.event(has("pod1", "pod"));
	t.true(appeared.unserved.includes("pod1"), "it is told of before it has programs");
	t.is(at.programs("pod1").ingress.length, 1);
	const pin = `${at.layout.links}/tc_pod_ingress_${at.index("pod1")}`;
	t.is(existsSync(pin), HAS_TCX);
	// Linux 5.10 renames no device that is up.
	namespace.ip(["link set pod1 down", "link set pod1 name pod2", "link set pod2 up"]);
	const renamed = await follower.event(has("pod2", "pod"));
	t.is(renamed.outcomes.attached + renamed.outcomes.detached, 0);
	namespace.ip(["link del pod2"]);
	await follower.event(has("pod2", undefined), follower.events.indexOf(renamed) + 1);
	t.false(existsSync(pin));
	await follower.close();
});

test.serial(
	"The default route makes a device a node device, whose programs take the place of the others",
	async (t) => {
		if (lacks(t, TCX)) return;
		using at = deviceStage("class");
		const { namespace } = at.node;
		namespace.ip([
			"link add eth0 type veth peer name peer0",
			"link set eth0 up",
			"addr add 192.0.2.7/24 dev eth0",
		]);
		const follower = await at.follow();
		t.is(served(follower.events[0] as FollowEvent).eth0, "pod");
		const before = at.programs("eth0");
		namespace.ip(["route add default via 192.0.2.1 dev eth0"]);
		const changed = await follower.event(has("eth0", "node"));
		t.like(changed.outcomes, { attached: 2, detached: 2 });
		t.notDeepEqual(at.programs("eth0"), before);
		t.is(at.programs("eth0").ingress.length, 1);
		await follower.close();
	},
);

test.serial("Addresses that come and go are written to the node's maps", async (t) => {
	using at = deviceStage("addresses");
	const { namespace } = at.node;
	namespace.ip([`link add eth0 ${TUNNEL}`, "link set eth0 up", "addr add 192.0.2.7/24 dev eth0"]);
	const follower = await at.follow({ settings: { nodeIPs: ["192.0.2.7"] } });
	const { devices, nodeAddresses } = pinnedNodeMaps(at.layout);
	const seen = follower.events.length;
	t.deepEqual(devices.get(0), { ipv4: "192.0.2.7", ipv6: "::" });
	t.deepEqual(devices.get(at.index("eth0")), { ipv4: "192.0.2.7", ipv6: "::" });
	t.is(nodeAddresses.get("127.0.0.1"), 1);
	namespace.ip(["addr del 192.0.2.7/24 dev eth0", "addr add 192.0.2.8/24 dev eth0"]);
	await follower.event(() => nodeAddresses.has("192.0.2.8") && !nodeAddresses.has("192.0.2.7"), seen);
	t.deepEqual(devices.get(at.index("eth0")), { ipv4: "192.0.2.8", ipv6: "::" });
	await follower.close();
});

test.serial("A device that leaves for another namespace leaves our programs behind", async (t) => {
	using at = deviceStage("leaves");
	const { namespace } = at.node;
	namespace.ip(["link add pod1 type veth peer name away"]);
	const follower = await at.follow();
	const pin = `${at.layout.links}/tc_pod_ingress_${at.index("away")}`;
	t.is(existsSync(pin), HAS_TCX);
	const other = at.lab.namespace("other");
	namespace.ip([`link set away netns ${other.name}`]);
	await follower.event(has("away", undefined));
	t.false(existsSync(pin));
	t.deepEqual(at.programs("away", other), { ingress: [], egress: [] });
	await follower.close();
});

test.serial("The next daemon takes over every device, also those that changed in between", async (t) => {
	using at = deviceStage("restart");
	const { namespace } = at.node;
	const other = at.lab.namespace("other");
	namespace.ip(["link add pod1 type veth peer name away", "link add old type veth peer name old1"]);
	const first = await at.follow();
	const before = at.programs("pod1");
	const gone = at.index("old");
	const moved = at.index("away");
	await first.close();
	// A number that is given again: to a device that comes with it, after one that left with our link.
	namespace.ip([
		"link del old",
		`link set away netns ${other.name}`,
		`link add again index ${moved} ${TUNNEL}`,
	]);
	const second = await at.follow();
	t.deepEqual(second.events[0]?.problems, []);
	t.like(second.events[0]?.outcomes, { updated: 2, attached: 2 });
	t.deepEqual(served(second.events[0] as FollowEvent), { pod1: "pod", again: "node" });
	t.notDeepEqual(at.programs("pod1"), before);
	t.deepEqual([at.programs("pod1").ingress.length, at.programs("again").egress.length], [1, 1]);
	t.deepEqual(
		readdirSync(at.layout.links).filter((name) => name.endsWith(`_${gone}`)),
		[],
	);
	await second.close();
});

test.serial("250 pods at the start and one more later: programs are there in a moment", async (t) => {
	using at = deviceStage("many");
	const { namespace } = at.node;
	const pods = at.lab.namespace("pods");
	const count = 250;
	namespace.ip(
		Array.from({ length: count }, (_, n) => `link add p${n} type veth peer name q${n} netns ${pods.name}`),
	);
	const follower = await at.follow();
	const start = follower.events[0] as FollowEvent;
	t.is(start.devices.length, count);
	t.is(start.outcomes.attached, 2 * count);
	const seen = follower.events.length;
	const upMs = Number(process.hrtime.bigint()) / 1e6;
	namespace.ip([`link add last up type veth peer name peer netns ${pods.name}`]);
	const attached = await follower.event(has("last", "pod"), seen);
	t.log(
		`${count} devices attached in ${start.tookMs.toFixed(0)} ms, one more in ${(attached.atMs - upMs).toFixed(0)} ms`,
	);
	t.true(start.tookMs < 10_000, `${start.tookMs} ms`);
	await follower.close();
	const again = await at.follow();
	t.is(again.events[0]?.outcomes.updated, 2 * (count + 1));
	t.log(`${count} devices taken over in ${again.events[0]?.tookMs.toFixed(0)} ms`);
	await again.close();
	at.inside(() => removeDataplane(findRemovable(at.layout)));
	t.deepEqual(at.programs("p7"), { ingress: [], egress: [] });
	t.false(existsSync(at.layout.directory));
});

for (const mode of ["tcx", "clsact"] as const) {
	test.serial(`Programs of others on the same device stay beside ours in mode ${mode}`, async (t) => {
		if (lacks(t, TCX)) return;
		using at = deviceStage(`foreign-${mode}`);
		at.node.namespace.ip([`link add eth0 ${TUNNEL}`, "link add pod1 type veth peer name peer1"]);
		const ifindex = at.index("eth0");
		const place = { ifindex, direction: "ingress", priority: 1, handle: 3 } as const;
		using object = loadObject(openSpec(packetObjectPath));
		const program = object.programs.tc_pod_egress as Program;
		const foreign = at.inside(() => [
			attachTcx({ program, ifindex, direction: "ingress" }),
			attachTcx({ program, ifindex, direction: "egress" }),
		]);
		at.inside(() => attachClsact({ ...place, program }));
		const id = program.info().id;

		const follower = await at.follow({ mode });
		t.deepEqual(follower.events[0]?.problems, []);
		t.is(at.programs("eth0").ingress.at(-1), id, "ours comes first");
		t.is(at.programs("eth0").ingress.length, mode === "tcx" ? 2 : 1);
		t.deepEqual(
			at.inside(() => hasFilters(ifindex)),
			mode === "tcx" ? [false, false] : [true, true],
		);
		t.like(
			at.inside(() => readDevices(at.layout.links)).find(({ name }) => name === "pod1"),
			{ class: "pod", sides: ["ingress", "egress"] },
		);
		await follower.close();

		const removable = at.inside(() => findRemovable(at.layout));
		t.is(removable.filters.length, mode === "tcx" ? 0 : 6);
		at.inside(() => removeDataplane(removable));
		t.deepEqual(at.programs("eth0"), { ingress: [id], egress: [id] });
		t.is(
			at.inside(() => openTcFilter(place)?.info().programId),
			id,
		);
		t.deepEqual(
			at.inside(() => hasFilters(ifindex)),
			[false, false],
		);
		t.false(existsSync(at.layout.directory));
		for (const link of foreign) link.close();
	});
}

test.serial("Without tcx links, filters are put in place, taken over and follow the class", async (t) => {
	using at = deviceStage("clsact");
	const { namespace } = at.node;
	namespace.ip([
		"link add eth0 type veth peer name peer0",
		"link set eth0 up",
		"addr add 192.0.2.7/24 dev eth0",
	]);
	const ifindex = at.index("eth0");
	const idAt = () =>
		at.inside(() => openTcFilter({ ifindex, direction: "ingress", ...FILTER })?.info().programId);
	const first = await at.follow({ mode: "clsact" });
	t.is(first.events[0]?.outcomes.attached, 4);
	const pod = idAt();
	namespace.ip(["route add default via 192.0.2.1 dev eth0"]);
	t.like(await first.event(has("eth0", "node")), { outcomes: { updated: 2, attached: 0, detached: 0 } });
	t.not(idAt(), pod);
	await first.close();
	const second = await at.follow({ mode: "clsact" });
	t.is(second.events[0]?.outcomes.updated, 4);
	await second.close();
});
