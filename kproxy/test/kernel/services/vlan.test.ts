/** A node whose device to the others is a VLAN: NodePorts and load balancers over 802.1Q, beside the device below it. */
import test from "ava";
import type { Daemon } from "../../lab/daemon.ts";
import { createHost, type Host } from "../../lab/host.ts";
import { createLab, type Lab, sweepLabs } from "../../lab/lab.ts";
import { ManifestDirectory } from "../../lab/manifests.ts";
import { leftOutWithout } from "../../lab/modules.ts";
import { createNode, type LabNode } from "../../lab/node.ts";
import type { Pod } from "../../lab/pod.ts";
import { FAMILIES, PROTOCOLS } from "./stage.ts";

const vlan = leftOutWithout("802.1Q VLAN") ? test.serial.skip : test.serial;

const NODE = { IPv4: "192.0.2.1", IPv6: "2001:db8::1" };
const CLIENT = { IPv4: "192.0.2.2", IPv6: "2001:db8::2" };
const BALANCER = { IPv4: "203.0.113.7", IPv6: "2001:db8:f::7" };
const NODE_PORT = 30_080;

let lab: Lab;
let node: LabNode;
let pod: Pod;
let client: Host;
let manifests: ManifestDirectory;

/** The trunk's own end, and on it VLAN 10. */
const link = ({ IPv4, IPv6 }: typeof NODE) => [
	"link set trunk up",
	"link add link trunk name trunk.10 type vlan id 10",
	`address add ${IPv4}/24 dev trunk.10`,
	`address add ${IPv6}/64 dev trunk.10 nodad`,
	"link set trunk.10 up",
];

test.before(async () => {
	if (leftOutWithout("802.1Q VLAN")) return;
	sweepLabs();
	lab = createLab("vlan");
	node = createNode(lab, { number: 1 });
	const namespace = lab.namespace("client");
	node.namespace.ip([`link add trunk type veth peer name trunk netns ${namespace.name}`, ...link(NODE)]);
	namespace.ip([
		...link(CLIENT),
		...FAMILIES.map((family) => `route add ${BALANCER[family]} via ${NODE[family]}`),
	]);
	client = createHost(lab, { name: "client", namespace, cgroup: node.cgroups.others, ...CLIENT });
	pod = node.pod("web");
	for (const protocol of PROTOCOLS) await pod.listen({ protocol, port: 8080 });
	manifests = new ManifestDirectory(lab);
	manifests.set({
		name: "web",
		type: "LoadBalancer",
		clusterIPs: ["10.96.0.80", "fd00:10:96::80"],
		ingressIPs: [BALANCER.IPv4, BALANCER.IPv6],
		ports: PROTOCOLS.map((protocol) => ({
			name: protocol.toLowerCase(),
			protocol,
			port: 80,
			targetPort: 8080,
			nodePort: NODE_PORT,
		})),
		endpoints: [pod.IPv4, pod.IPv6],
	});
});

test.after.always(() => lab?.close());

async function start(devices: readonly string[]): Promise<Daemon> {
	const daemon = node.startKproxy({
		manifests: manifests.path,
		args: devices.flatMap((device) => ["--device", device]),
	});
	await daemon.synced();
	return daemon;
}

for (const devices of [["trunk.10"], ["trunk", "trunk.10"]]) {
	vlan(`Services answer a client behind a VLAN, with programs at ${devices.join(" and ")}`, async (t) => {
		const daemon = await start(devices);
		for (const family of FAMILIES) {
			for (const protocol of PROTOCOLS) {
				for (const [address, port] of [
					[NODE[family], NODE_PORT],
					[BALANCER[family], 80],
				] as const) {
					const dial = await client.dial({ protocol, address, port });
					t.is(dial.answer, "web", `${protocol} ${address}: ${dial.error}`);
				}
			}
		}
		const { stdout } = node.kproxy(["status", "-o", "json"]);
		const served = (JSON.parse(stdout).devices as { name: string; class: string }[]).filter(
			(device) => device.class === "node",
		);
		t.deepEqual(served.map(({ name }) => name).sort(), devices);
		t.is(await daemon.end("SIGTERM"), 0);
	});
}
