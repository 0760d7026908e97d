/** Packets that no socket sends: their time to live runs out here, or they carry a VLAN tag. */
import test from "ava";
import { ethernetFrame, udpPacket } from "../../lab/build-frame.ts";
import { sweepLabs } from "../../lab/lab.ts";
import { createStage, FAMILIES, type ServiceNumbers, type Stage } from "./stage.ts";

let stage: Stage;
let web: ServiceNumbers;

test.before(async () => {
	sweepLabs();
	stage = await createStage("odd-packets");
	web = await stage.set({ name: "web", number: 1, type: "NodePort", endpoints: [stage.backends.a2] });
});

test.after.always(() => stage?.close());

function frameTo(
	family: "IPv4" | "IPv6",
	options: { sourcePort: number; ttl?: number; vlan?: number },
): Buffer {
	const { vlan, ...rest } = options;
	const packet = udpPacket({
		source: stage.client[family],
		destination: stage.node1[family],
		destinationPort: web.nodePort,
		payload: Buffer.from("hello"),
		...rest,
	});
	return ethernetFrame({
		source: stage.client.namespace.mac("eth0"),
		destination: stage.node1.namespace.mac("eth0"),
		packet,
		...(vlan !== undefined && { vlan }),
	});
}

test.serial("the client is told of no way around this node", async (t) => {
	const seen = await stage.client.capture();
	const target = { protocol: "UDP" as const, address: stage.node1.IPv4, port: web.nodePort };
	t.is((await stage.client.dial(target)).answer, "a2");
	t.deepEqual(
		(await seen.stop()).filter(({ icmp }) => icmp !== undefined && icmp.type === 5),
		[],
	);
	const { outcomes } = JSON.parse(stage.node1.kproxy(["status", "-o", "json"]).stdout);
	t.true(outcomes.some(({ reason }: { reason: string }) => reason === "HIDDEN_REDIRECT"));
	// The kernel has one allowance for all that it tells a client, and a redirect uses it up.
	stage.node1.namespace.sysctls({ "net.ipv4.conf.*.send_redirects": 0, "net.ipv4.icmp_ratelimit": 0 });
});

for (const family of FAMILIES) {
	test.serial(`an ICMP error that this node makes quotes what the client sent: ${family}`, async (t) => {
		// The client's neighbours must be known, or the error waits for them.
		await stage.client.dial({ protocol: "UDP", address: stage.node1[family], port: web.nodePort });
		const seen = await stage.client.capture();
		stage.client.inject(frameTo(family, { sourcePort: 45_001, ttl: 1 }));
		const [type, code] = family === "IPv4" ? [11, 0] : [3, 0];
		const error = await seen.packet(({ icmp }) => icmp?.type === type && icmp.code === code);
		t.is(error.ip?.source, stage.node1[family]);
		t.true(error.checksumRight);
		const { ip, udp } = error.icmp?.inner ?? {};
		t.deepEqual([ip?.source, udp?.sourcePort], [stage.client[family], 45_001]);
		t.deepEqual([ip?.destination, udp?.destinationPort], [stage.node1[family], web.nodePort]);
		await seen.stop();
	});

	test.serial(`a frame with a VLAN tag passes by untranslated: ${family}`, async (t) => {
		const flows = () =>
			JSON.parse(
				stage.node1.kproxy(["conntrack", "-o", "json", "--all", "--client", stage.client[family]]).stdout,
			).flows as { client: { port: number } }[];
		stage.client.inject(frameTo(family, { sourcePort: 45_002, vlan: 7 }));
		stage.client.inject(frameTo(family, { sourcePort: 45_003 }));
		const answered = await stage.client.dial({
			protocol: "UDP",
			address: stage.node1[family],
			port: web.nodePort,
		});
		t.is(answered.answer, "a2", "what was injected before has passed");
		const ports = flows().map(({ client }) => client.port);
		t.true(ports.includes(45_003));
		t.false(ports.includes(45_002));
	});
}
