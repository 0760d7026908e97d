/** `scripts/bench sync`: from the start of the daemon's process to the last frontend answering, and its memory. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Agent, tally } from "../../kproxy/test/lab/agent.ts";
import { BUILT, Daemon } from "../../kproxy/test/lab/daemon.ts";
import { createLab, type Lab, sweepLabs } from "../../kproxy/test/lab/lab.ts";
import type { Namespace } from "../../kproxy/test/lab/namespaces.ts";
import { type Dial, monotonicMs } from "../../kproxy/test/lab/protocol.ts";
import { type Figure, runPart } from "./figure.ts";

const API_SERVER = fileURLToPath(new URL("../../kproxy/test/api-server/main.ts", import.meta.url));
const ENDPOINTS_PER_SERVICE = 10;
const TIMEOUT_MS = 120_000;
/** Frontends that are polled until they answer; all are dialled once afterwards. */
const POLLED = 100;

await runPart(async (quick) => {
	const services = quick ? 1_000 : 10_000;
	sweepLabs();
	using lab = createLab("sync");
	const node = lab.namespace("node");
	// Every endpoint's address is local here, so that one server answers for all of them.
	node.ip(["route add local 10.128.0.0/9 dev lo"]);
	const server = await lab.agent("server", { namespace: node, cgroup: "others" });
	await server.listen({ protocol: "TCP", address: "0.0.0.0", port: 8080 });
	const client = await lab.agent("client", { namespace: node, cgroup: "clients" });
	const kubeconfig = await startApiServer(lab, { node, services });
	const daemon = new Daemon(lab, { namespace: node, kproxy: BUILT, args: ["--kubeconfig", kubeconfig] });
	const answeredMs = await allAnswer(client, { daemon, frontends: polledFrontends(services) });
	await dialEach(client, services);
	const memoryMb = peakMemoryMb(daemon.pid);
	return figures({ services, seconds: (answeredMs - daemon.startedMs) / 1000, memoryMb, quick });
});

function figures(measured: {
	services: number;
	seconds: number;
	memoryMb: number;
	quick: boolean;
}): Figure[] {
	const { services, seconds, memoryMb, quick } = measured;
	const size = `${services} Services, ${services * ENDPOINTS_PER_SERVICE} endpoints`;
	return [
		{
			name: `start to last frontend answering, ${size}`,
			value: seconds,
			unit: "s",
			...(!quick && { aim: { atMost: 4 } }),
		},
		{
			name: "peak memory of the daemon",
			value: memoryMb,
			unit: "MB",
			...(!quick && { aim: { atMost: 300 } }),
		},
	];
}

/** Starts the test API server in a process of its own; returns a kubeconfig that leads to it. */
async function startApiServer(
	lab: Lab,
	{ node, services }: { node: Namespace; services: number },
): Promise<string> {
	const size = ["--services", String(services), "--endpoints-per", String(ENDPOINTS_PER_SERVICE)];
	const command = [process.execPath, "--conditions=source", API_SERVER, ...size];
	const child = lab.spawn({
		namespace: node,
		cgroup: "others",
		command,
		stdio: ["ignore", "pipe", "inherit"],
	});
	const { url } = JSON.parse(await firstLine(child));
	const path = join(lab.directory, "kubeconfig");
	const config = {
		apiVersion: "v1",
		kind: "Config",
		"current-context": "bench",
		contexts: [{ name: "bench", context: { cluster: "bench", user: "bench" } }],
		clusters: [{ name: "bench", cluster: { server: url } }],
		users: [{ name: "bench", user: {} }],
	};
	writeFileSync(path, JSON.stringify(config));
	return path;
}

async function firstLine(child: ChildProcess): Promise<string> {
	if (!child.stdout) throw new Error("the test API server has no stdout");
	const ended = once(child, "exit").then(([code]) =>
		Promise.reject(new Error(`the test API server ended with ${code}`)),
	);
	const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended]);
	return String(line);
}

/** Dials each frontend over and over until it answers; the time at which the last one did, on the monotonic clock. */
async function allAnswer(
	client: Agent,
	{ daemon, frontends }: { daemon: Daemon; frontends: readonly string[] },
): Promise<number> {
	const deadline = performance.now() + TIMEOUT_MS;
	for (const address of frontends) {
		while ((await dialOnce(client, address)).answer === undefined) {
			if (!daemon.running) throw new Error(`the daemon ended: ${daemon.lines.at(-1)?.msg}`);
			if (performance.now() > deadline)
				throw new Error(`${address} does not answer after ${TIMEOUT_MS / 1000} s`);
			await delay(5);
		}
	}
	return monotonicMs();
}

/** Makes sure that what was polled spoke for all of them. */
async function dialEach(client: Agent, services: number): Promise<void> {
	const dials: Dial[] = [];
	for (let index = 0; index < services; index++) dials.push(await dialOnce(client, frontendOf(index)));
	const { errors } = tally(dials);
	if (Object.keys(errors).length > 0) throw new Error(`frontends do not answer: ${JSON.stringify(errors)}`);
}

function dialOnce(client: Agent, address: string): Promise<Dial> {
	return client.dial({ protocol: "TCP", address, port: 80, timeoutMs: 500 });
}

/** Some from all over the range, the first and the last among them. */
function polledFrontends(services: number): string[] {
	return Array.from({ length: POLLED }, (_, index) =>
		frontendOf(Math.round((index * (services - 1)) / (POLLED - 1))),
	);
}

/** As the test API server numbers its Services. */
function frontendOf(index: number): string {
	return `10.96.${index >> 8}.${index & 0xff}`;
}

function peakMemoryMb(pid: number): number {
	const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
	if (kilobytes === undefined)
		throw new Error(`the kernel does not say how much memory process ${pid} has used`);
	return (Number(kilobytes) * 1024) / 1e6;
}
