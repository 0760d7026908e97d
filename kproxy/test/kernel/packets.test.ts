import test from "ava";
import { ethernetFrame, icmpPacket, tcpPacket, udpPacket } from "../lab/build-frame.ts";
import { createCluster } from "../lab/cluster.ts";
import { createLab, sweepLabs } from "../lab/lab.ts";

const FAMILIES = [
	{ family: "IPv4", version: 4, unreachable: { type: 3, code: 3 } },
	{ family: "IPv6", version: 6, unreachable: { type: 1, code: 4 } },
] as const;
const PORT = 8080;

test.before(sweepLabs);

function clientAndNode() {
	const lab = createLab("packets");
	const { client, node } = createCluster(lab, { nodes: 1 });
	const [source, destination] = [client.namespace.mac(), node(1).namespace.mac()];
	return {
		lab,
		client,
		node: node(1),
		ethernet: { source, destination },
		[Symbol.dispose]: () => lab.close(),
	};
}

for (const { family, version, unreachable } of FAMILIES) {
	test.serial(`a capture has a whole TCP connection over ${family}, decoded`, async (t) => {
		using at = clientAndNode();
		await at.node.listen({ protocol: "TCP", port: PORT });
		const capture = await at.node.capture("eth0", { filter: ({ tcp }) => tcp !== undefined });
		const dial = await at.client.dial({ protocol: "TCP", address: at.node[family], port: PORT });
		const [syn, answer, ...rest] = await capture.stop();
		t.is(dial.seenAs, `${syn?.ip?.source}:${syn?.tcp?.sourcePort}`);
		t.like(syn, { direction: "in", tcp: { destinationPort: PORT, flags: "S" }, ip: { version, ttl: 64 } });
		t.like(answer, { direction: "out", tcp: { sourcePort: PORT, flags: "SA" } });
		t.is(answer?.tcp?.acknowledgement, ((syn?.tcp?.sequence ?? 0) + 1) >>> 0);
		t.true(rest.some(({ payload }) => payload?.toString().startsWith("node-1 ")));
		t.true(rest.some(({ tcp }) => tcp?.flags.startsWith("F")));
		t.is(syn?.ethernet.destination, at.ethernet.destination);
	});

	test.serial(
		`an injected ${family} datagram is answered, and one to a closed port by an ICMP error`,
		async (t) => {
			using at = clientAndNode();
			await at.node.listen({ protocol: "UDP", port: PORT });
			const capture = await at.client.capture();
			const ports = { sourcePort: 4321, payload: Buffer.from("odd") };
			const addresses = { source: at.client[family], destination: at.node[family] };
			for (const destinationPort of [PORT, 1]) {
				const packet = udpPacket({ ...addresses, ...ports, destinationPort });
				at.client.inject(ethernetFrame({ ...at.ethernet, packet }));
			}
			const answer = await capture.packet(({ udp }) => udp?.sourcePort === PORT);
			t.is(answer.payload?.toString(), `node-1 ${at.client[family]}:4321\n`);
			const error = await capture.packet(({ icmp }) => icmp?.inner?.udp?.destinationPort === 1);
			t.like(error.icmp, unreachable);
			t.like(error, { checksumRight: true, ip: { checksumRight: true, source: at.node[family] } });
			t.like(error.icmp?.inner?.ip, addresses);
		},
	);

	test.serial(`what is built over ${family} is captured as it was, VLAN tag included`, async (t) => {
		using at = clientAndNode();
		const addresses = { source: at.client[family], destination: at.node[family], ttl: 3 };
		const ports = { sourcePort: 1, destinationPort: 2 };
		const capture = await at.node.capture("eth0", { filter: ({ vlan }) => vlan === 42 });
		const quoted = udpPacket({ ...addresses, ...ports });
		const packets = [
			quoted,
			tcpPacket({ ...addresses, ...ports, flags: "SA", sequence: 7, payload: Buffer.from("text") }),
			icmpPacket({ ...addresses, ...unreachable, payload: quoted }),
		];
		const frames = packets.map((packet) => ethernetFrame({ ...at.ethernet, vlan: 42, packet }));
		for (const frame of frames) at.client.inject(frame);
		const captured = await capture.stop();
		t.deepEqual(
			captured.map(({ frame }) => frame),
			frames,
		);
		t.true(captured.every(({ checksumRight, ip }) => checksumRight && ip?.checksumRight && ip.ttl === 3));
		t.like(captured[1]?.tcp, { ...ports, flags: "SA", sequence: 7 });
		t.like(captured[2]?.icmp?.inner?.udp, ports);
	});
}

test.serial("checksums are the device's to fill in, or with offload off the kernel's", async (t) => {
	using at = clientAndNode();
	await at.node.listen({ protocol: "TCP", port: PORT });
	for (const on of [true, false]) {
		at.client.setOffload(on);
		const capture = await at.node.capture("eth0", {
			filter: ({ tcp, direction }) => direction === "in" && !!tcp,
		});
		for (const { family } of FAMILIES)
			await at.client.dial({ protocol: "TCP", address: at.node[family], port: PORT });
		const packets = await capture.stop();
		t.true(packets.length >= 6);
		if (!on) t.true(packets.every(({ partialChecksum, checksumRight }) => !partialChecksum && checksumRight));
		else t.true(packets.some(({ partialChecksum }) => partialChecksum));
	}
});

test.serial("what cannot be captured or sent says why", async (t) => {
	using at = clientAndNode();
	await t.throwsAsync(at.node.capture("eth7"), {
		message: "the capture did not start: eth7: No such device",
	});
	t.throws(() => at.client.inject(Buffer.alloc(5)), {
		message: "5 bytes cannot be sent out of eth0: Invalid argument",
	});
});
