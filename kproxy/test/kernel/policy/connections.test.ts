/**
 * A sample of the conformance data with real connections between pods in namespaces, while the daemon follows each step;
 * over SCTP where the kernel has it.
 */
import test from "ava";
import type { Daemon } from "../../lab/daemon.ts";
import type { Host } from "../../lab/host.ts";
import { createLab, type Lab, sweepLabs } from "../../lab/lab.ts";
import { ManifestDirectory } from "../../lab/manifests.ts";
import { leftOutWithout } from "../../lab/modules.ts";
import { createNode } from "../../lab/node.ts";
import { Sctp } from "../../lab/sctp.ts";
import { NODE } from "../../plan/policy/cluster.ts";
import { type ConformanceStep, conformanceSteps } from "../../plan/policy/conformance.ts";
import { ownPort } from "./own-port.ts";

const FILE = "networkpolicy-v1.json.gz";
/** Every so-many-th step; a guest without KVM takes ten times as long. */
const SAMPLE = process.env.KPROXY_TEST_GUEST ? 40 : 5;
const PORTS = [80, 81];
const NAMES: Readonly<Record<number, "TCP" | "UDP" | "SCTP">> = leftOutWithout("sctp")
	? { 6: "TCP", 17: "UDP" }
	: { 6: "TCP", 17: "UDP", 132: "SCTP" };
/** What is allowed is retried by TCP after a second; what is not is told by silence. */
const ALLOWED_MS = 4_000;
const SILENCE_MS = 400;
/** Dials under way at a time. */
const CONCURRENCY = 24;

const steps = [...conformanceSteps(FILE)];
const sampled = steps.filter((_, index) => index % SAMPLE === 0);
const addresses = [
	...new Set(sampled.flatMap(({ probes }) => probes.flatMap(({ probe: { from, to } }) => [from, to]))),
];

let lab: Lab;
let manifests: ManifestDirectory;
let daemon: Daemon;
/** Undefined: the kernel has no SCTP. */
let sctp: Sctp | undefined;
/** By the address that the data gives it. */
const pods = new Map<string, Host>();

test.before(async () => {
	sweepLabs();
	lab = createLab("policy-real");
	manifests = new ManifestDirectory(lab);
	if (!leftOutWithout("sctp")) sctp = new Sctp(lab);
	// Its own subnet is none of those that the data has.
	const node = createNode(lab, { name: NODE, number: 99 });
	for (const [index, address] of addresses.entries()) {
		const pod = node.pod(`c${index}`);
		pod.namespace.ip([`address add ${address}/32 dev eth0`]);
		node.namespace.ip([`route add ${address}/32 via ${pod.IPv4}`]);
		pods.set(address, pod);
		for (const protocol of ["TCP", "UDP"] as const)
			for (const port of PORTS) await pod.listen({ protocol, port, address });
		for (const port of PORTS) await sctp?.listen(pod, port, address);
	}
	daemon = node.startKproxy({ manifests: manifests.path, args: ["--policy"] });
	await daemon.synced();
});

test.after.always(() => lab?.close());

/** The state of a step as one file of manifests. */
function write({ objects }: ConformanceStep): void {
	const versions: Readonly<Record<string, string>> = { NetworkPolicy: "networking.k8s.io/v1" };
	const documents = objects.map(({ kind, raw }) => ({
		apiVersion: versions[kind] ?? "v1",
		kind,
		...(raw as object),
	}));
	manifests.write("cluster.json", documents.map((each) => JSON.stringify(each)).join("\n---\n"));
}

interface Question {
	text: string;
	expected: boolean;
	from: string;
	to: string;
	protocol: "TCP" | "UDP" | "SCTP";
	port: number;
}

/** Of the probes those that this test's sockets can ask. */
function questionsOf({ probes }: ConformanceStep): Question[] {
	return probes.flatMap(({ text, expected, probe: { from, to, protocol, port } }) => {
		const name = NAMES[protocol];
		return name ? [{ text, expected, from, to, protocol: name, port }] : [];
	});
}

async function ask({ from, to, protocol, port, expected }: Question): Promise<boolean> {
	const host = pods.get(from);
	const timeoutMs = expected ? ALLOWED_MS : SILENCE_MS;
	const target = { address: to, port, localAddress: from, timeoutMs };
	if (!host) throw new Error(`no pod has ${from}`);
	if (protocol === "SCTP") {
		const answer = await sctp?.dial(host, target);
		if (!answer || answer.error === "ECONNREFUSED") throw new Error(`${from} to ${to}: nobody serves`);
		return answer.name !== undefined;
	}
	const { error } = await host.dial({ protocol, ...target, ...ownPort(protocol) });
	if (error !== undefined && error !== "TIMEOUT") throw new Error(`${from} to ${to}: ${error}`);
	return error === undefined;
}

test.serial(`Connections are made and refused as every ${SAMPLE}th step of ${FILE} says`, async (t) => {
	t.timeout(3_600_000);
	let asked = 0;
	const wrong: string[] = [];
	for (const step of sampled) {
		const from = daemon.lines.length;
		write(step);
		await daemon.report(from);
		const questions = questionsOf(step);
		const next = questions.values();
		const worker = async () => {
			for (const question of next)
				if ((await ask(question)) !== question.expected)
					wrong.push(`${step.name}: ${question.text} must be ${question.expected}`);
		};
		await Promise.all(Array.from({ length: CONCURRENCY }, worker));
		asked += questions.length;
	}
	t.log(`${sampled.length} steps, ${asked} connections by ${Object.values(NAMES).join(", ")}`);
	t.deepEqual(wrong.slice(0, 10), [], `${wrong.length} wrong`);
	t.true(asked > sampled.length * 250);
});
