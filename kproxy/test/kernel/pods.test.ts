import test from "ava";
import type { Addresses } from "../lab/addresses.ts";
import { sweepLabs } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespaces.ts";
import { BRIDGE } from "../lab/pod-links.ts";
import { type DescribedTies, type PodStage, podStage } from "./pods-stage.ts";

test.before(() => sweepLabs());

/** Short, so that no test waits long for what no event tells of. */
const QUICK = { retryMs: 20, rereadMs: 100 };

/** Both addresses are tied to this interface by this way. */
const tied =
	({ IPv4, IPv6 }: Addresses, text: string) =>
	({ ties }: DescribedTies) =>
		ties[IPv4] === text && ties[IPv6] === text;

/** Neither address is tied, for this reason. */
const untied =
	({ IPv4, IPv6 }: Addresses, reason: string) =>
	({ untied: found }: DescribedTies) =>
		found[IPv4] === reason && found[IPv6] === reason;

for (const style of ["routed", "bridged"] as const) {
	test.serial(
		`A ${style} pod is tied by the other end of its interface, and another is nobody's`,
		async (t) => {
			using at = podStage(`${style}-peer`, QUICK);
			const [web, other] = [at.node.pod("web", { style }), at.node.pod("other", { style })];
			at.setPods({ web });
			await at.until(tied(web, "pod2 peer"));
			const { interfaces } = await at.until(({ interfaces }) => interfaces.pod3 === false);
			t.deepEqual(interfaces, { pod2: true, pod3: false }, "no bridge among them");
			at.setPods({ web, other });
			t.true(tied(other, "pod3 peer")(at.now()), "when setPods returns");
			t.deepEqual(at.problems(), []);
		},
	);

	test.serial(
		`A ${style} pod whose addresses come late has an interface before, and a line that says so`,
		async (t) => {
			using at = podStage(`${style}-late`, QUICK);
			const late = at.node.pod("late", { style, late: true });
			const before = await at.until(({ interfaces }) => interfaces.pod2 === false);
			t.deepEqual(before, { ties: {}, untied: {}, interfaces: { pod2: false } });
			at.setPods({ late });
			const reason = style === "routed" ? "no-route" : "no-neighbour";
			t.true(untied(late, reason)(at.now()), JSON.stringify(at.now()));
			t.deepEqual(
				at.problems().map(({ object, code }) => [object, code]),
				[late.IPv4, late.IPv6].map(() => ["Pod default/late", "POD_UNTIED"]),
			);
			late.giveAddresses();
			const { interfaces } = await at.until(tied(late, "pod2 peer"));
			t.deepEqual(interfaces, { pod2: true });
			t.deepEqual(at.problems(), []);
		},
	);

	test.serial(
		`A ${style} pod that goes takes its tie along, and its address may come back elsewhere`,
		async (t) => {
			using at = podStage(`${style}-goes`, QUICK);
			const [web, next] = [at.node.pod("web", { style }), at.node.pod("next", { style, late: true })];
			at.setPods({ web });
			await at.until(tied(web, "pod2 peer"));
			await web.delete();
			const { interfaces, ties } = await at.until(({ interfaces }) => interfaces.pod2 === undefined);
			t.deepEqual(interfaces, { pod3: false });
			t.deepEqual(ties, {});
			next.namespace.ip(addLines(web, "eth0"));
			await at.until(tied(web, "pod3 peer"));
		},
	);
}

test.serial("An address that moves between interfaces that stay is followed", async (t) => {
	using at = podStage("moves", QUICK);
	const [from, to] = [at.node.pod("from"), at.node.pod("to")];
	at.setPods({ from });
	await at.until(tied(from, "pod2 peer"));
	from.namespace.ip([`addr del ${from.IPv4}/32 dev eth0`, `addr del ${from.IPv6}/128 dev eth0`]);
	await at.until(tied(from, "pod2 route"));
	to.namespace.ip(addLines(from, "eth0"));
	t.true(tied(from, "pod3 peer")(await at.until(tied(from, "pod3 peer"))));
});

test.serial("Of two other ends that have an address neither gets it, until one has it alone", async (t) => {
	using at = podStage("contested", QUICK);
	const [victim, thief] = [at.node.pod("victim"), at.node.pod("thief")];
	at.setPods({ victim });
	await at.until(tied(victim, "pod2 peer"));
	thief.namespace.ip(addLines(victim, "eth0"));
	const { interfaces } = await at.until(untied(victim, "contested"));
	t.deepEqual(interfaces, { pod2: false, pod3: false });
	t.regex(at.problems()[0]?.message ?? "", /pod2 and pod3 have it at their other end/);
	await thief.delete();
	await at.until(tied(victim, "pod2 peer"));
});

test.serial("The other end wins over a route that leads elsewhere", async (t) => {
	using at = podStage("wins", QUICK);
	const [web] = [at.node.pod("web"), at.node.pod("other")];
	at.node.namespace.ip([`route replace ${web.IPv4}/32 dev pod3`, `route replace ${web.IPv6}/128 dev pod3`]);
	at.setPods({ web });
	t.true(tied(web, "pod2 peer")(await at.until(({ interfaces }) => interfaces.pod2 === true)));
});

test.serial("A guest in a routed pod whose other end has no address is tied by route", async (t) => {
	using at = podStage("routed-guest", QUICK);
	const pod = at.node.pod("pod", { style: "routed", late: true });
	const guest = { IPv4: pod.IPv4, IPv6: pod.IPv6 };
	guestBehind(at, pod.namespace).ip(addLines(guest, "eth0"));
	await at.until(({ interfaces }) => interfaces.pod2 === false);
	at.setPods({ guest });
	t.true(untied(guest, "no-route")(at.now()), JSON.stringify(at.now()));
	at.node.namespace.ip([`route add ${guest.IPv4}/32 dev pod2`, `route add ${guest.IPv6}/128 dev pod2`]);
	const { interfaces } = await at.until(tied(guest, "pod2 route"));
	t.deepEqual(interfaces, { pod2: true });
});

test.serial(
	"A guest in a bridged pod whose other end has no address is tied by neighbour, once it has answered",
	async (t) => {
		using at = podStage("guest", QUICK);
		const pod = at.node.pod("pod", { style: "bridged", late: true });
		const guest = { IPv4: pod.IPv4, IPv6: pod.IPv6 };
		const inGuest = guestBehind(at, pod.namespace);
		inGuest.ip([`addr add ${guest.IPv4}/24 dev eth0`, `addr add ${guest.IPv6}/64 dev eth0 nodad`]);
		at.setPods({ guest });
		await at.until(untied(guest, "no-neighbour"));
		for (const address of [guest.IPv4, guest.IPv6]) {
			at.node.namespace.run("bash", ["-c", `echo >/dev/udp/${address}/9`]);
		}
		const { interfaces } = await at.until(tied(guest, "pod2 neighbour"));
		t.deepEqual(interfaces, { pod2: true });
	},
);

test.serial("A neighbour that the bridge was told of is tied to its port", async (t) => {
	using at = podStage("told", QUICK);
	const silent = at.node.pod("silent", { style: "bridged", late: true });
	const mac = "02:00:00:00:00:99";
	const addresses = [silent.IPv4, silent.IPv6];
	at.node.namespace.ip(
		addresses.map((each) => `neigh add ${each} lladdr ${mac} dev ${BRIDGE} nud permanent`),
	);
	at.setPods({ silent });
	await at.until(untied(silent, "no-port"));
	at.node.namespace.run("bridge", ["fdb", "add", mac, "dev", "pod2", "master", "static"]);
	const { interfaces } = await at.until(tied(silent, "pod2 neighbour"));
	t.deepEqual(interfaces, { pod2: true });
});

test.serial("A pod of another node, behind the node's uplink, has no interface here", async (t) => {
	using at = podStage("uplink", QUICK);
	const remote = { IPv4: "10.244.9.2", IPv6: "fd00:10:244:9::2" };
	at.node.namespace.ip([
		"link add eth0 type vxlan id 5 dstport 4789",
		"link set eth0 up",
		`route add ${remote.IPv4}/32 dev eth0`,
		`route add ${remote.IPv6}/128 dev eth0`,
	]);
	at.setPods({ remote });
	await at.until(untied(remote, "not-a-pod-interface"));
	const line =
		/^Pod default\/remote, 10\.244\.9\.2: this node sends to it by eth0, which is no pod's interface$/;
	await at.until(() => at.problems().some(({ message }) => line.test(message)));
	t.pass();
});

function addLines({ IPv4, IPv6 }: Addresses, device: string): string[] {
	return [`addr add ${IPv4}/32 dev ${device}`, `addr add ${IPv6}/128 dev ${device} nodad`];
}

/** A namespace behind a bridge inside a pod, as a virtual machine's: the pod's own end has no address. */
function guestBehind({ lab }: PodStage, pod: Namespace): Namespace {
	const guest = lab.namespace("guest");
	pod.ip([
		"link add br0 type bridge",
		"link set br0 up",
		"link set eth0 master br0",
		`link add guest type veth peer name eth0 netns ${guest.name}`,
		"link set guest master br0",
		"link set guest up",
	]);
	guest.ip(["link set eth0 up"]);
	return guest;
}
