/** Pods on bridges, strict source validation, checksums without offload, narrow links, fragments, tags and new devices. */
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import {
	addressOf,
	createStage,
	dialOnce,
	FAMILIES,
	PORT,
	type Stage,
	serve,
	WAYS,
	whoAnswers,
} from "./stage.ts";

const ALL = ["a1", "a2", "b1", "b2"];

test.before(() => sweepLabs());

const VARIANTS: readonly {
	title: string;
	options: Parameters<typeof createStage>[1];
	after?: (stage: Stage) => void;
}[] = [
	{ title: "pods on a bridge", options: { style: "bridged" } },
	{
		title: "strict reverse path filters",
		options: { prepare: ({ nodes }) => nodes.forEach((node) => void node.setReversePathFilter(1)) },
	},
	{
		title: "no checksum offload",
		options: {},
		after: ({ cluster, client }) => {
			for (const host of [...cluster.nodes, client]) host.setOffload(false);
		},
	},
	{ title: "every source translated", options: { args: ["--masquerade-all"] } },
];

for (const [index, { title, options, after }] of VARIANTS.entries()) {
	test.serial(`every way to a Service works with ${title}`, async (t) => {
		const stage = await createStage(`links-${index}`, options);
		try {
			after?.(stage);
			const web = await stage.set({
				name: "web",
				number: 1,
				type: "NodePort",
				endpoints: [...Object.values(stage.backends)],
			});
			for (const { family, protocol } of WAYS) {
				for (const from of [stage.pod, stage.sandboxed, stage.backends.a1]) {
					const target = { protocol, address: web.clusterIP[family], port: PORT };
					t.deepEqual(await whoAnswers(from, target), ALL, `${from.name} ${protocol} ${family}`);
				}
				for (const node of stage.cluster.nodes) {
					const target = { protocol, address: node[family], port: web.nodePort };
					for (const from of [stage.client, stage.sandboxed]) {
						t.deepEqual(
							await whoAnswers(from, target),
							ALL,
							`${from.name} ${node.name} ${protocol} ${family}`,
						);
					}
				}
				const sent = await stage.client.dial({
					protocol,
					address: stage.node1[family],
					port: web.echoNodePort,
					bytes: protocol === "TCP" ? 300_000 : 6_000,
				});
				t.deepEqual(
					sent.echoed,
					{ bytes: protocol === "TCP" ? 300_000 : 6_000, intact: true },
					`${protocol} ${family}: ${sent.error}`,
				);
			}
			if (title === "every source translated") {
				const dials = await stage.sandboxed.dialMany({
					protocol: "TCP",
					address: web.clusterIP.IPv4,
					port: PORT,
					count: 20,
				});
				const seen = new Set(dials.map(({ seenAs }) => addressOf(seenAs)));
				t.false(seen.has(stage.sandboxed.IPv4));
			}
		} finally {
			stage.close();
		}
	});
}

test.serial("a path that is narrower than the client's link is found out through a Service", async (t) => {
	const stage = await createStage("narrow", { far: true, farMtu: 1_300 });
	try {
		const { a1, a2, b2 } = stage.backends;
		const web = await stage.set({ name: "web", number: 1, type: "NodePort", endpoints: [a1, a2] });
		// A backend of its own: what TCP found out there would spare datagrams the errors about their fragments.
		const dns = await stage.set({ name: "dns", number: 2, type: "NodePort", endpoints: [b2] });
		const far = stage.cluster.farClient;
		for (const family of FAMILIES) {
			for (const node of stage.cluster.nodes) {
				const address = node[family];
				const stream = { protocol: "TCP", address, port: web.echoNodePort } as const;
				const dial = await far.dial({ ...stream, bytes: 400_000, timeoutMs: 8_000 });
				t.deepEqual(dial.echoed, { bytes: 400_000, intact: true }, `${family} ${node.name} ${dial.error}`);
				let answered = false;
				// The first large datagrams find the narrow place, one in each direction.
				for (let tries = 0; tries < 3 && !answered; tries += 1) {
					const datagram = { protocol: "UDP", address, port: dns.echoNodePort } as const;
					const { echoed } = await far.dial({ ...datagram, bytes: 4_000, timeoutMs: 1_000 });
					answered = echoed?.intact === true;
				}
				t.true(answered, `UDP ${family} ${node.name}`);
			}
		}
	} finally {
		stage.close();
	}
});

test.serial(
	"a pod that comes later is served at once, and its end of the link is let go with it",
	async (t) => {
		const stage = await createStage("late-pod");
		try {
			const web = await stage.set({ name: "web", number: 1, endpoints: [stage.backends.a2] });
			const pod = stage.node1.pod("late", { hook: false });
			await Promise.all(serve(pod, "TCP"));
			for (const family of FAMILIES) {
				let answer: string | undefined;
				for (let tries = 0; tries < 20 && answer === undefined; tries += 1) {
					answer = (
						await dialOnce(pod, {
							protocol: "TCP",
							address: web.clusterIP[family],
							port: PORT,
							timeoutMs: 200,
						})
					).answer;
				}
				t.is(answer, "a2", family);
			}
			await pod.delete();
			await stage.set({ name: "web", number: 1, endpoints: [stage.backends.a1] });
			t.is(stage.node1.kproxy(["status"]).status, 0);
		} finally {
			stage.close();
		}
	},
);
