/** What becomes of flows while endpoints, daemons and packets change under them. */
import { setTimeout as delay } from "node:timers/promises";
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import type { StreamDatagram } from "../../lab/protocol.ts";
import {
	createStage,
	dialOnce,
	ECHO_PORT,
	FAMILIES,
	PORT,
	type ServiceNumbers,
	type Stage,
	WAYS,
	whoAnswers,
} from "./stage.ts";

let stage: Stage;

test.before(async () => {
	sweepLabs();
	stage = await createStage("flows", { args: ["--udp-timeout", String(UDP_TIMEOUT_S)] });
});

test.after.always(() => stage?.close());

/** Of both daemons; for the last tests, which wait for it. */
const UDP_TIMEOUT_S = 2;
const ENDING = { ready: false, serving: true, terminating: true };

/** Every way to a Service of type NodePort: who dials, and what. */
function ways(numbers: ServiceNumbers, family: "IPv4" | "IPv6") {
	const clusterIP = { address: numbers.clusterIP[family], port: ECHO_PORT };
	const nodePort = { address: stage.node1[family], port: numbers.echoNodePort };
	return [
		{ from: stage.pod, ...clusterIP },
		{ from: stage.sandboxed, ...clusterIP },
		{ from: stage.client, ...nodePort },
	];
}

test.serial(
	"an established connection goes on when its endpoint terminates, and is then not ready",
	async (t) => {
		const { a1, a2 } = stage.backends;
		const service = { name: "lasting", number: 1, type: "NodePort" as const };
		const numbers = await stage.set({ ...service, endpoints: [a2] });
		for (const family of FAMILIES) {
			const flows = await Promise.all(
				ways(numbers, family).map(async ({ from, address, port }) => ({
					from,
					flow: await from.open({ protocol: "TCP", address, port }),
				})),
			);
			await stage.set({ ...service, endpoints: [a1, { pod: a2, ...ENDING }] });
			await stage.set({ ...service, endpoints: [a1, { pod: a2, ...ENDING, serving: false }] });
			for (const { from, flow } of flows) {
				const sent = await flow.send();
				t.is(sent.error, undefined, `${from.name} ${family}`);
				t.is(flow.answer, "a2");
				await flow.close();
			}
			for (const { from, address, port } of ways(numbers, family)) {
				t.deepEqual(
					await whoAnswers(
						from,
						{ protocol: "TCP", address, port: port === ECHO_PORT ? PORT : port - 500 },
						8,
					),
					["a1"],
				);
			}
			await stage.set({ ...service, endpoints: [a2] });
		}
	},
);

/** Datagrams sent `fromMs` on that nobody answered, and who answered the others. */
function judge(datagrams: readonly StreamDatagram[], fromMs: number) {
	const late = datagrams.filter(({ sentMs }) => sentMs > fromMs);
	return {
		lost: late.filter(({ answer, errors }) => answer === undefined && errors === undefined).length,
		answers: [...new Set(late.flatMap(({ answer }) => answer ?? []))].sort(),
		count: late.length,
	};
}

for (const family of FAMILIES) {
	for (const connected of [false, true]) {
		const kind = connected ? "connected" : "unconnected";
		test.serial(
			`a steady UDP sender with a fixed port is answered again at once when its backend goes: ${kind}, ${family}`,
			async (t) => {
				const { a1, a2 } = stage.backends;
				const service = { name: "steady", number: 2, type: "NodePort" as const };
				const numbers = await stage.set({ ...service, endpoints: [a2] });
				const streams = await Promise.all(
					ways(numbers, family).map(async ({ from, address, port }, index) => ({
						from,
						stream: await from.stream({
							protocol: "UDP",
							address,
							port,
							everyMs: 20,
							connected,
							localPort: 21_000 + index,
						}),
					})),
				);
				await stage.set({ ...service, endpoints: [a1] });
				const changedMs = Number(process.hrtime.bigint()) / 1e6;
				await delay(600);
				for (const { from, stream } of streams) {
					if (connected && from === stage.pod) {
						// A socket that is ended says so once; then its owner connects again, which this sender does not.
						const isEnded = async () =>
							(await stream.datagrams()).some(({ errors }) => errors?.includes("ECONNABORTED"));
						for (let tries = 0; tries < 50 && !(await isEnded()); tries++) await delay(100);
						t.true(await isEnded(), `${from.name}: the socket is told that its peer is gone`);
						await stream.stop();
						continue;
					}
					const { answers, lost, count } = judge(await stream.stop(), changedMs + 100);
					t.deepEqual(answers, ["a1"], `${from.name} ${kind}`);
					t.true(lost <= 2 && count > 10, `${from.name}: ${lost} of ${count} lost`);
				}
			},
		);
	}

	test.serial(
		`a UDP sender that was rejected is served by its next datagram when an endpoint comes: ${family}`,
		async (t) => {
			const service = { name: "late", number: 3, type: "NodePort" as const };
			const numbers = await stage.set({ ...service, endpoints: [] });
			const target = ways(numbers, family).slice(1);
			const streams = await Promise.all(
				target.map(({ from, address, port }, index) =>
					from.stream({ protocol: "UDP", address, port, everyMs: 20, localPort: 22_000 + index }),
				),
			);
			await stage.set({ ...service, endpoints: [stage.backends.a2] });
			const changedMs = Number(process.hrtime.bigint()) / 1e6;
			await delay(400);
			for (const stream of streams) {
				const { answers, lost, count } = judge(await stream.stop(), changedMs + 50);
				t.deepEqual(answers, ["a2"]);
				t.true(lost <= 2 && count > 5, `${lost} of ${count} lost`);
			}
			await stage.delete("late");
		},
	);
}

test.serial("flows and new dials go on while the daemon is killed and comes back", async (t) => {
	const { a1, a2 } = stage.backends;
	const numbers = await stage.set({ name: "restart", number: 4, type: "NodePort", endpoints: [a1, a2] });
	const flows = await Promise.all(
		FAMILIES.flatMap((family) =>
			ways(numbers, family).map(({ from, address, port }) => from.open({ protocol: "TCP", address, port })),
		),
	);
	const dialling = FAMILIES.flatMap((family) =>
		[stage.sandboxed, stage.client].map((from) =>
			from.dialMany({
				protocol: "TCP",
				address: from === stage.client ? stage.node1[family] : numbers.clusterIP[family],
				port: from === stage.client ? numbers.nodePort : PORT,
				concurrency: 2,
				pauseMs: 10,
			}),
		),
	);
	for (let kills = 0; kills < 2; kills += 1) {
		await stage.restart(stage.node1);
	}
	for (const from of [stage.sandboxed, stage.client]) await (await from.agent()).stopDialling();
	for (const dials of await Promise.all(dialling)) {
		t.true(dials.length > 50);
		t.deepEqual(
			dials.filter(({ answer }) => answer === undefined),
			[],
		);
	}
	for (const flow of flows) t.is((await flow.send()).error, undefined);
	await Promise.all(flows.map((flow) => flow.close()));
});

test.serial("kproxy conntrack and affinity show flows and clients in the user's words", async (t) => {
	const { a2 } = stage.backends;
	const numbers = await stage.set({
		name: "seen",
		number: 5,
		type: "NodePort",
		affinityTimeoutS: 60,
		endpoints: [a2],
	});
	const flow = await stage.client.open({
		protocol: "TCP",
		address: stage.node1.IPv4,
		port: numbers.echoNodePort,
		localPort: 23_042,
	});
	await stage.pod.dial({ protocol: "TCP", address: numbers.clusterIP.IPv4, port: PORT });
	const listed = JSON.parse(
		stage.node1.kproxy(["conntrack", "-o", "json", "--service", "seen", "--client", stage.client.IPv4])
			.stdout,
	).flows;
	t.is(listed.length, 1);
	const { client, frontend, backend, source, state, name } = listed[0];
	t.deepEqual(
		{ client, frontend, backend, state, name },
		{
			client: { address: stage.client.IPv4, port: 23_042 },
			frontend: { address: stage.node1.IPv4, port: numbers.echoNodePort },
			backend: { address: a2.IPv4, port: 8081 },
			state: "open",
			name: "seen",
		},
	);
	t.is(source.address, stage.node1.IPv4);
	const { affinity } = JSON.parse(stage.node1.kproxy(["affinity", "-o", "json", "--service", "seen"]).stdout);
	t.true(affinity.some((each: { client?: string }) => each.client === stage.client.IPv4));
	t.true(affinity.some((each: { netns?: string }) => each.netns !== undefined));
	const table = stage.node1.kproxy(["conntrack", "--client", stage.client.IPv4, "--state", "open"]);
	t.regex(table.stdout, /192\.0\.2\.100:23042/, table.stderr);
	await flow.close();
});

test.serial("a process of the node cannot take a NodePort, one in a pod can", async (t) => {
	const numbers = await stage.set({ name: "bound", number: 6, type: "NodePort", endpoints: [] });
	for (const protocol of ["TCP", "UDP"] as const) {
		for (const address of ["0.0.0.0", "::", stage.node1.IPv4]) {
			await t.throwsAsync(
				stage.node1.listen({ protocol, address, port: numbers.nodePort }),
				undefined,
				`${protocol} ${address}`,
			);
		}
		await t.notThrowsAsync(stage.pod.listen({ protocol, address: stage.pod.IPv4, port: numbers.nodePort }));
		await t.notThrowsAsync(stage.node1.listen({ protocol, address: "0.0.0.0", port: 32_700 }));
	}
	const reserved = stage.node1.namespace.run("cat", ["/proc/sys/net/ipv4/ip_local_reserved_ports"]).trim();
	t.is(reserved, "30000-32767");
});

for (const { family, protocol } of WAYS) {
	test.serial(
		`two VIPs with one backend and one client port do not meet: ${protocol} ${family}`,
		async (t) => {
			const { a2 } = stage.backends;
			const [one, two] = ["one", "two"].map((name) => `${name}-${protocol}-${family}`.toLowerCase());
			const first = await stage.set({ name: one ?? "", number: 7, endpoints: [a2] });
			const second = await stage.set({ name: two ?? "", number: 8, endpoints: [a2] });
			const from = { protocol, port: ECHO_PORT, localPort: 24_000 };
			const target = [first, second].map(({ clusterIP }) => ({ ...from, address: clusterIP[family] }));
			if (protocol === "TCP") {
				// One port towards two destinations, at the same time.
				const localAddress = stage.sandboxed[family];
				const flows = [];
				for (const each of target) flows.push(await stage.sandboxed.open({ ...each, localAddress }));
				for (const flow of flows) t.is((await flow.send()).error, undefined);
				await Promise.all(flows.map((flow) => flow.close()));
			} else {
				for (const each of target)
					t.is((await dialOnce(stage.sandboxed, { ...each, port: PORT })).answer, "a2");
			}
			await stage.delete(one ?? "");
			await stage.delete(two ?? "");
		},
	);
}

for (const { family, protocol } of WAYS) {
	test.serial(
		`a backend that is dialled itself answers, from a port that a flow to its Service has had: ${protocol} ${family}`,
		async (t) => {
			const { a2 } = stage.backends;
			const name = `had-${protocol}-${family}`.toLowerCase();
			const numbers = await stage.set({ name, number: 9, type: "NodePort", endpoints: [a2] });
			const ways = [
				{ from: stage.sandboxed, address: numbers.clusterIP[family], port: ECHO_PORT },
				{ from: stage.node1, address: stage.node2[family], port: numbers.echoNodePort },
			];
			for (const { from, ...service } of ways) {
				for (const target of [service, { address: a2[family], port: 8081 }]) {
					// A connection is over once it has ended, datagrams once they have long been silent.
					if (protocol === "UDP" && target !== service) await delay(1_000 * UDP_TIMEOUT_S + 1_500);
					const flow = await from.open({ protocol, ...target, localPort: 24_000 });
					const { answer, error, from: sender } = await flow.send();
					t.is(answer, "a2", `${from.name} to ${target.address}: ${error}`);
					if (protocol === "UDP") t.deepEqual(sender, target);
					await flow.close();
				}
			}
			await stage.delete(name);
		},
	);
}
