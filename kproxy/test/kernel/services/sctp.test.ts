/** SCTP through Services, packet by packet: real associations, whose checksum is over the whole packet. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import test from "ava";
import type { Host } from "../../lab/host.ts";
import { sweepLabs } from "../../lab/lab.ts";
import { leftOutWithout } from "../../lab/modules.ts";
import { buildSctpTool } from "../../lab/tools.ts";
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

/** Who answered, and the client that it saw; for a dial that failed, `error` and why. */
interface Answer {
	name: string;
	client: string;
}

let stage: Stage;
let tool: string;
let clusterIP: ServiceNumbers["clusterIP"];

test.before(async () => {
	if (leftOutWithout("sctp")) return;
	sweepLabs();
	stage = await createStage("sctp");
	tool = buildSctpTool(stage.lab.directory);
	await Promise.all(BACKENDS.map((name) => serve(stage.backends[name])));
	const endpoints = BACKENDS.map((name) => stage.backends[name]);
	({ clusterIP } = await stage.set({ ...SERVICE, endpoints }));
});

test.after.always(() => stage?.close());

function start(host: Host, args: readonly string[]) {
	const { namespace, cgroup } = host;
	return stage.lab.spawn({
		namespace,
		cgroup,
		command: [tool, ...args],
		stdio: ["ignore", "pipe", "inherit"],
	});
}

/** Resolves once the server accepts. */
async function serve(host: Host): Promise<void> {
	const { stdout } = start(host, ["serve", host.name, `${TARGET_PORT}`]);
	if (stdout) await once(createInterface({ input: stdout }), "line");
}

/** What each of the dials was told. */
async function dial(host: Host, address: string, port: number, count = DIALS): Promise<Answer[]> {
	const child = start(host, ["dial", address, `${port}`, `${count}`]);
	const lines = (child.stdout ? await text(child.stdout) : "").trimEnd().split("\n");
	return lines.map((line) => {
		const [name = "", client = ""] = line.split(" ");
		return { name, client: client.replace("::ffff:", "") };
	});
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
		t.is((await dial(stage.sandboxed, clusterIP.IPv4, PORT, 1))[0]?.name, "error");
		await stage.set({ ...SERVICE, endpoints: [stage.backends.a2] });
		t.is((await dial(stage.sandboxed, clusterIP.IPv4, PORT, 1))[0]?.name, "a2");
	},
);
