import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "ava";
import { tally } from "../lab/agent.ts";
import { cgroup2Root } from "../lab/cgroups.ts";
import { createLab, type Lab, sweepLabs } from "../lab/lab.ts";
import { mounts } from "../lab/mounts.ts";
import { NETNS_DIR } from "../lab/namespaces.ts";
import { createNode } from "../lab/node.ts";

/** What a lab of this name has on the machine. */
function traces(name: string): string[] {
	const places = [cgroup2Root(), NETNS_DIR, tmpdir()];
	const files = places.flatMap((place) => (existsSync(place) ? readdirSync(place) : []));
	return [...files, ...mounts().map((mount) => mount.path)].filter((entry) => entry.includes(name));
}

/** A process that makes a lab with an agent in it, says the lab's name and the agent's number, and stays. */
function labInOtherProcess() {
	const program = `
		import { createLab } from "./lab.ts";
		import { createNode } from "./node.ts";
		const lab = createLab("other");
		const { namespace } = createNode(lab);
		const child = lab.spawn({ namespace, cgroup: "others", command: ["sleep", "600"], stdio: "ignore" });
		console.log(lab.name, child.pid);
		setInterval(() => {}, 1000);
	`;
	const cwd = new URL("../lab", import.meta.url).pathname;
	return spawn(process.execPath, ["--input-type=module", "-e", program], {
		cwd,
		stdio: ["ignore", "pipe", "inherit"],
	});
}

async function firstLine(
	child: ReturnType<typeof labInOtherProcess>,
): Promise<{ name: string; pid: number }> {
	const [line] = await once(createInterface({ input: child.stdout }), "line");
	const [name, pid] = String(line).split(" ");
	return { name: name ?? "", pid: Number(pid) };
}

/** A process that has ended may stay listed until its parent asks how. */
function isRunning(pid: number): boolean {
	return existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

const FAMILIES = ["IPv4", "IPv6"] as const;
const WAYS = [
	{ title: "TCP", protocol: "TCP", connected: true },
	{ title: "connected UDP", protocol: "UDP", connected: true },
	{ title: "unconnected UDP", protocol: "UDP", connected: false },
] as const;

async function nodeAndTwoPods(lab: Lab) {
	const node = createNode(lab);
	const [first, second] = [node.pod("first"), node.pod("second")];
	const server = await lab.agent("first", { namespace: first.namespace, cgroup: "others" });
	const client = await lab.agent("client", { namespace: second.namespace, cgroup: "clients" });
	return { pod: first, server, client };
}

for (const family of FAMILIES) {
	for (const { title, protocol, connected } of WAYS) {
		test.serial(
			`a pod reaches another over ${title} on ${family}, and both see the other's address`,
			async (t) => {
				using lab = createLab("pods");
				const { pod, server, client } = await nodeAndTwoPods(lab);
				const target = { protocol, address: pod[family], port: 8080 };
				await server.listen(target);
				const dial = await client.dial({ ...target, connected });
				t.is(dial.error, undefined);
				t.is(dial.answer, "first");
				t.true(dial.seenAs?.startsWith(family === "IPv4" ? "10.244.0.3:" : "fd00:10:244::3:"));
				const expected = { address: pod[family], port: 8080 };
				if (connected) t.deepEqual(dial.peer, expected);
				if (protocol === "UDP") t.deepEqual(dial.from, expected);
			},
		);
	}
}

test.serial("a dial to a port that nobody listens on says why it failed", async (t) => {
	using lab = createLab("refused");
	const { pod, client } = await nodeAndTwoPods(lab);
	for (const protocol of ["TCP", "UDP"] as const) {
		const dial = await client.dial({ protocol, address: pod.IPv4, port: 1, connected: true });
		t.is(dial.error, "ECONNREFUSED");
	}
});

test.serial("many dials are counted by who answered, and stop when told", async (t) => {
	using lab = createLab("many");
	const { pod, server, client } = await nodeAndTwoPods(lab);
	const target = { protocol: "TCP", address: pod.IPv4, port: 8080 } as const;
	await server.listen({ ...target, name: "web" });
	const dials = await client.dialMany({ ...target, count: 50, concurrency: 4 });
	t.deepEqual(tally(dials), { answers: { web: 50 }, errors: {} });
	const endless = client.dialMany({ ...target, concurrency: 2 });
	while ((await client.dialled()) < 60) await client.dial(target);
	await client.stopDialling();
	t.true((await endless).every((dial) => dial.answer === "web"));
});

test.serial("an agent that cannot do what it is asked says why", async (t) => {
	using lab = createLab("failure");
	const { client } = await nodeAndTwoPods(lab);
	const elsewhere = { protocol: "TCP", address: "192.0.2.1", port: 1 } as const;
	await t.throwsAsync(client.listen(elsewhere), { message: /agent client: listen: .*EADDRNOTAVAIL/ });
	await client.close();
	await t.throwsAsync(client.dial(elsewhere), { message: "agent client has ended" });
});

test.serial("a closed lab leaves nothing behind", async (t) => {
	const lab = createLab("closed");
	await nodeAndTwoPods(lab);
	t.true(traces(lab.name).length >= 5);
	lab.close();
	t.deepEqual(traces(lab.name), []);
});

test.serial("a lab goes with the process that made it when that is told to end", async (t) => {
	const child = labInOtherProcess();
	const { name } = await firstLine(child);
	child.kill("SIGTERM");
	t.deepEqual(await once(child, "exit"), [143, null]);
	t.deepEqual(traces(name), []);
});

test.serial("a sweep removes what a killed process left, and nothing of one that runs", async (t) => {
	using lab = createLab("bystander");
	const child = labInOtherProcess();
	const { name, pid } = await firstLine(child);
	sweepLabs();
	t.true(traces(name).length >= 4);
	child.kill("SIGKILL");
	await once(child, "exit");
	t.true(isRunning(pid));
	sweepLabs();
	t.deepEqual(traces(name), []);
	t.false(isRunning(pid));
	t.true(existsSync(join(lab.directory, "bpffs")));
});
