/** `scripts/demo`: see its --help. */
import { parseArgs } from "node:util";
import { BUILT, Daemon, kproxyCommand } from "../../kproxy/test/lab/daemon.ts";
import { sweepLabs } from "../../kproxy/test/lab/lab.ts";
import { dialAll } from "./dialling.ts";
import { offer, openShell, playDetached, stay, stop } from "./keep.ts";
import { detail, headline, step } from "./print.ts";
import { scaleAway } from "./scaling.ts";
import { type Stage, setStage } from "./stage.ts";

try {
	process.exitCode = await main();
} catch (error) {
	console.error(`demo: ${error instanceof Error ? error.message : error}`);
	process.exitCode = 1;
}

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			keep: { type: "boolean" },
			shell: { type: "boolean" },
			stop: { type: "boolean" },
			/** Set by --keep on the process that stays. */
			detached: { type: "boolean" },
		},
	});
	if (values.shell) return openShell();
	sweepLabs();
	if (values.stop) return stop();
	if (values.keep) return playDetached();
	return play(values.detached ?? false);
}

async function play(keep: boolean): Promise<number> {
	const startedMs = performance.now();
	headline("kproxy demo: ClusterIPs answered in the kernel, at connect time");
	const stage = await raiseCurtain();
	using lab = stage.lab;
	const daemon = await startKproxy(stage);
	step("What the kernel holds now: kproxy frontends");
	detail(kproxy(stage, ["frontends"]));
	step("300 dials of each frontend from a process on the node: who answered");
	const problems = await dialAll(stage.client);
	step("A backend is scaled away while clients go on dialling");
	problems.push(...(await scaleAway(stage, daemon)));
	if (problems.length === 0 && keep) {
		offer(stage);
		await stay();
	}
	await daemon.end("SIGTERM");
	lab.close();
	step("Cleaned up: namespaces, cgroup, programs and maps are gone");
	return conclude(problems, (performance.now() - startedMs) / 1000);
}

async function raiseCurtain(): Promise<Stage> {
	step("A node and five pods, made of network namespaces, with a small server in each pod");
	const stage = await setStage();
	for (const pod of stage.pods) detail(`${pod.name}  ${pod.IPv4}  ${pod.IPv6}`);
	return stage;
}

async function startKproxy(stage: Stage): Promise<Daemon> {
	step("kproxy run, on the node, with the manifests of kproxy/examples");
	const { lab, node, manifests } = stage;
	const daemon = new Daemon(lab, {
		namespace: node.namespace,
		kproxy: BUILT,
		args: ["--manifests", manifests],
	});
	const status = kproxy(stage, ["status", "--wait", "30"]);
	const { readMs } = await daemon.synced();
	detail(
		`in sync ${((readMs - daemon.startedMs) / 1000).toFixed(1)} s after its start; kproxy status begins:`,
	);
	detail(status.split("\n\n")[0] ?? "");
	return daemon;
}

/** Runs a command of kproxy; throws what it said where it does not end well. */
function kproxy({ lab }: Stage, args: readonly string[]): string {
	const { status, stdout, stderr } = kproxyCommand(lab, args, BUILT);
	if (status !== 0) throw new Error(`kproxy ${args.join(" ")} ended with ${status}: ${stderr || stdout}`);
	return stdout;
}

function conclude(problems: readonly string[], seconds: number): number {
	for (const problem of problems) console.error(`demo: ${problem}`);
	headline(
		problems.length > 0
			? "\ndemo: not as it should be"
			: `\ndemo: all as it should be, in ${seconds.toFixed(1)} s`,
	);
	return problems.length > 0 ? 1 : 0;
}
