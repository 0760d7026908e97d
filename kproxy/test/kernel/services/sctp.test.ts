/** SCTP through Services, packet by packet: real associations, whose checksum is over the whole packet. */
import test from "ava";
import type { Host } from "../../lab/host.ts";
import { sweepLabs } from "../../lab/lab.ts";
import { leftOutWithout } from "../../lab/modules.ts";
import { Sctp, type SctpAnswer } from "../../lab/sctp.ts";
import { createStage, FAMILIES, type ServiceNumbers, type Stage } from "./stage.ts";

const BACKENDS = ["a1", "a2", "b1", "b2"] as const;
const PORT = 3868;
const NODE_PORT = 30_868;
const TARGET_PORT = 9_900;
/** Enough that one backend among four is missed once in 100,000 runs. */
const DIALS = 40;

const sctp = leftOutWithout("sctp") ? test.serial.skip : test.serial;

const SERVICE = {
	name: "diameter",
	number: 1,
	type: "NodePort",
	ports: [{ name: "sctp", protocol: "SCTP", port: PORT, targetPort: TARGET_PORT, nodePort: NODE_PORT }],
} as const;

let stage: Stage;
let peers: Sctp;
let clusterIP: ServiceNumbers["clusterIP"];

test.before(async () => {
	if (leftOutWithout("sctp")) return;
	sweepLabs();
	stage = await createStage("sctp");
	peers = new Sctp(stage.lab);
	await Promise.all(BACKENDS.map((name) => peers.listen(stage.backends[name], TARGET_PORT)));
	const endpoints = BACKENDS.map((name) => stage.backends[name]);
	({ clusterIP } = await stage.set({ ...SERVICE, endpoints }));
});

test.after.always(() => stage?.close());

/** What each of the dials was told. */
function dial(host: Host, address: string, port: number, count = DIALS): Promise<SctpAnswer[]> {
	return Promise.all(Array.from({ length: count }, () => peers.dial(host, { address, port })));
}

for (const family of FAMILIES) {
	sctp(
		`SCTP: a ClusterIP answers pods that no hook sees, with their own address, over ${family}`,
		async (t) => {
			const answers = await dial(stage.sandboxed, clusterIP[family], PORT);
			t.deepEqual([...new Set(answers.map(({ name }) => name))].sort(), [...BACKENDS]);
			t.deepEqual(new Set(answers.map(({ client }) => client)), new Set([stage.sandboxed[family]]));
		},
	);

	sctp(`SCTP: a NodePort answers clients outside, by each node, over ${family}`, async (t) => {
		for (const node of stage.cluster.nodes) {
			const answers = await dial(stage.client, node[family], NODE_PORT);
			t.deepEqual([...new Set(answers.map(({ name }) => name))].sort(), [...BACKENDS], node.name);
			for (const { name, client } of answers) {
				const isHere = stage.backends[name as "a1"].node === node.name;
				t.is(client, isHere ? stage.client[family] : node[family], `${name} by ${node.name}`);
			}
		}
	});
}

sctp(
	"SCTP: a Service that has lost its endpoints answers nobody, and one that has them again does",
	async (t) => {
		await stage.set({ ...SERVICE, endpoints: [] });
		t.truthy((await dial(stage.sandboxed, clusterIP.IPv4, PORT, 1))[0]?.error);
		await stage.set({ ...SERVICE, endpoints: [stage.backends.a2] });
		t.is((await dial(stage.sandboxed, clusterIP.IPv4, PORT, 1))[0]?.name, "a2");
	},
);
