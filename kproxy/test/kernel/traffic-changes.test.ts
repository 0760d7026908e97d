import { setTimeout as delay } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { Agent } from "../lab/agent.ts";
import { Daemon } from "../lab/daemon.ts";
import { createLab, type Lab, sweepLabs } from "../lab/lab.ts";
import { ManifestDirectory } from "../lab/manifests.ts";
import { createNode, type LabNode } from "../lab/node.ts";
import type { Dial } from "../lab/protocol.ts";
import { createRandom } from "../lab/random.ts";
import { Timeline } from "../lab/timeline.ts";

const SEED = 20261120;
const BACKENDS = 10;
const CHANGES = 25;
const KILLS = 12;
/** Dials of each way of dialling, at the least. */
const DIALS = 1_000;
/** Between two of them: a guest by emulation executes nothing meanwhile, and its clock goes on. */
const PAUSE_MS = 5;

const DIALLINGS = [
	{ protocol: "TCP", address: "10.96.0.1" },
	{ protocol: "TCP", address: "fd00:10:96::1" },
	{ protocol: "UDP", address: "10.96.0.1", connected: true },
	{ protocol: "UDP", address: "fd00:10:96::1" },
] as const;

/** A Service whose backends a test changes while clients dial it. */
interface Play {
	lab: Lab;
	node: LabNode;
	clients: readonly Agent[];
	manifests: ManifestDirectory;
	timeline: Timeline;
	/** Every backend that there is; each serves all the time, so that only kproxy decides who is reached. */
	backends: readonly { IPv4: string; IPv6: string }[];
}

test.before(() => sweepLabs());

test.serial("no dial fails while backends come and go, and none reaches a removed one", async (t) => {
	using lab = createLab("changes");
	const play = await prepare(lab);
	const random = createRandom(SEED);
	change(play, play.backends);
	const daemon = start(play);
	await daemon.synced();
	const dials = dialUntilStopped(play);
	for (let changes = 0; changes < CHANGES || !(await enoughDials(play)); changes++) {
		await changeAndReport(play, { daemon, chosen: random.someOf(play.backends) });
		await delay(random.below(40));
	}
	await moreDials(play);
	judge(t, { play, dials: await stopped(play, dials) });
	t.is(await daemon.end("SIGTERM"), 0);
});

test.serial("no dial fails while the daemon is killed at random moments and backends change", async (t) => {
	using lab = createLab("kills");
	const play = await prepare(lab);
	const random = createRandom(SEED + 1);
	change(play, play.backends);
	let daemon = start(play);
	await daemon.synced();
	const dials = dialUntilStopped(play);
	for (let kills = 0; kills < KILLS || !(await enoughDials(play)); kills++) {
		// Close enough to a change for the end to come while it is being applied.
		change(play, random.someOf(play.backends));
		await delay(random.below(60));
		await daemon.end("SIGKILL");
		change(play, random.someOf(play.backends));
		daemon = start(play);
		// Anywhere from the start of the process to a while after it is in sync.
		await delay(random.below(3_000));
		if (daemon.inSync) play.timeline.reported((await daemon.synced()).readMs);
	}
	play.timeline.reported((await daemon.synced()).readMs);
	await changeAndReport(play, { daemon, chosen: play.backends.slice(0, 1) });
	await moreDials(play);
	judge(t, { play, dials: await stopped(play, dials) });
});

test.serial("what was served goes on being served after the daemon was told to end", async (t) => {
	using lab = createLab("ended");
	const play = await prepare(lab);
	change(play, play.backends.slice(0, 1));
	const daemon = start(play);
	await daemon.synced();
	t.is(await daemon.end("SIGTERM"), 0);
	for (const [index, dialling] of DIALLINGS.entries()) {
		const dial = await play.clients[index]?.dial({ ...dialling, port: 80 });
		t.is(dial?.error, undefined);
	}
});

async function prepare(lab: Lab): Promise<Play> {
	const node = createNode(lab);
	const pod = node.pod("backends");
	const backends = pod.addAddresses(BACKENDS);
	const server = await lab.agent("backends", { namespace: pod.namespace, cgroup: "others" });
	for (const [index, { IPv4, IPv6 }] of backends.entries()) {
		for (const address of [IPv4, IPv6]) {
			for (const protocol of ["TCP", "UDP"] as const) {
				await server.listen({ protocol, address, port: 8080, name: nameOf(index) });
			}
		}
	}
	const start = () => lab.agent("client", { namespace: node.namespace, cgroup: "clients" });
	const clients = await Promise.all(DIALLINGS.map(start));
	return { lab, node, clients, manifests: new ManifestDirectory(lab), timeline: new Timeline(), backends };
}

function start({ lab, node, manifests }: Play): Daemon {
	return new Daemon(lab, { namespace: node.namespace, args: ["--manifests", manifests.path] });
}

/** Gives the Service these backends. */
function change({ backends, manifests, timeline }: Play, chosen: Play["backends"]): void {
	timeline.changed(chosen.map((backend) => nameOf(backends.indexOf(backend))));
	manifests.set({
		name: "web",
		clusterIPs: ["10.96.0.1", "fd00:10:96::1"],
		ports: [
			{ name: "tcp", protocol: "TCP", port: 80, targetPort: 8080 },
			{ name: "udp", protocol: "UDP", port: 80, targetPort: 8080 },
		],
		endpoints: chosen.flatMap(({ IPv4, IPv6 }) => [IPv4, IPv6]),
	});
}

async function changeAndReport(
	play: Play,
	{ daemon, chosen }: { daemon: Daemon; chosen: Play["backends"] },
): Promise<void> {
	const from = daemon.lines.length;
	change(play, chosen);
	play.timeline.reported((await daemon.report(from)).readMs);
}

function dialUntilStopped({ clients }: Play): Promise<Dial[][]> {
	return Promise.all(
		clients.map((client, index) =>
			client.dialMany({
				...(DIALLINGS[index] ?? DIALLINGS[0]),
				port: 80,
				concurrency: 1,
				pauseMs: PAUSE_MS,
			}),
		),
	);
}

async function enoughDials({ clients }: Play): Promise<boolean> {
	const counts = await Promise.all(clients.map((client) => client.dialled()));
	return counts.every((count) => count >= DIALS);
}

/** Some dials of each way that start only now. */
async function moreDials({ clients }: Play): Promise<void> {
	for (const client of clients) {
		const target = (await client.dialled()) + 50;
		while ((await client.dialled()) < target) await delay(5);
	}
}

async function stopped({ clients }: Play, dials: Promise<Dial[][]>): Promise<Dial[][]> {
	await Promise.all(clients.map((client) => client.stopDialling()));
	return dials;
}

function judge(t: ExecutionContext, { play, dials }: { play: Play; dials: readonly Dial[][] }): void {
	for (const [index, made] of dials.entries()) {
		const { protocol, address } = DIALLINGS[index] ?? DIALLINGS[0];
		const { failed, stray } = play.timeline.judge(made);
		t.log(`${protocol} ${address}: ${made.length} dials`);
		t.deepEqual(failed.slice(0, 3), [], `${failed.length} ${protocol} dials of ${address} failed`);
		t.deepEqual(
			stray.slice(0, 3),
			[],
			`${stray.length} ${protocol} dials of ${address} reached a removed backend`,
		);
		t.true(made.length >= DIALS);
	}
}

function nameOf(index: number): string {
	return `backend-${index}`;
}
