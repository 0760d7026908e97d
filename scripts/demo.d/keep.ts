import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { BUILT } from "../../kproxy/test/lab/daemon.ts";
import { sweepLabs } from "../../kproxy/test/lab/lab.ts";
import { ownerOf } from "../../kproxy/test/lab/owner.ts";
import { detail, step } from "./print.ts";
import type { Stage } from "./stage.ts";

const SHELL = "shell";

/** Runs the demo in a process of its own that goes on after this one; resolves with its exit status once it has played. */
export async function playDetached(): Promise<number> {
	const child = spawn(process.execPath, [process.argv[1] ?? "", "--detached"], {
		detached: true,
		stdio: ["ignore", "pipe", "pipe", "ipc"],
		env: { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: "1" }) },
	});
	child.stdout?.pipe(process.stdout);
	child.stderr?.pipe(process.stderr);
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => child.kill(signal));
	const [status] = await Promise.race([once(child, "message"), once(child, "exit")]);
	// What it printed before its message is readable by now, and read before this goes on.
	await setImmediate();
	child.stdout?.destroy();
	child.stderr?.destroy();
	if (child.connected) child.disconnect();
	child.unref();
	return Number(status ?? 1);
}

/** In that process: lets the one in the foreground end, and stays until told to end itself. */
export function stay(): Promise<never> {
	// Nobody reads any more; what is said from here on is lost, and no reason to end.
	for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
	process.send?.(0);
	return new Promise(() => {});
}

/** Writes the shell of a demo that is to go on, and says how to use it. */
export function offer({ lab, node1, client, manifests }: Stage): void {
	const kproxy = BUILT.join(" ");
	const outside = `nsenter --net=${client.namespace.path} -- bash -c 'cat </dev/tcp/$0/$1' "$@"`;
	writeFileSync(
		join(lab.directory, "bashrc"),
		`PS1='demo node-1# '\nkproxy() { ${kproxy} "$@" --bpffs ${node1.bpffs}; }\noutside() { ${outside}; }\n`,
	);
	writeFileSync(
		join(lab.directory, SHELL),
		`echo $$ >${node1.cgroups.host}/cgroup.procs
cd ${manifests} && exec nsenter --net=${node1.namespace.path} -- bash --rcfile ${lab.directory}/bashrc -i\n`,
	);
	step("It goes on running");
	detail(`scripts/demo --shell                 a shell on node-1, where kproxy serves; in it:
  cat </dev/tcp/10.96.0.80/80          who answers
  outside 192.0.2.11 30080             who answers the client outside that dials node-1's NodePort
  kproxy frontends                     what clients can dial
  kproxy backends --service web        who serves
  kproxy conntrack --client 192.0.2.100  what the client outside has dialled
  kproxy affinity                      which clients keep their backend
  kproxy status                        what is attached, and in sync
  ls                                   the manifests: edit one, and the kernel follows
scripts/demo --stop                  end it`);
}

/** Opens the shell of the demo that runs. */
export function openShell(): number {
	const demo = runningDemos().findLast(({ directory }) => existsSync(join(directory, SHELL)));
	if (!demo) {
		console.error("no demo runs: scripts/demo --keep");
		return 1;
	}
	return spawnSync("bash", [join(demo.directory, SHELL)], { stdio: "inherit" }).status ?? 1;
}

/** Ends every demo that runs and waits until each has cleaned up. */
export async function stop(): Promise<number> {
	const demos = runningDemos();
	for (const { pid } of demos) process.kill(pid, "SIGTERM");
	while (demos.some(({ directory }) => ownerOf(directory) !== undefined)) await delay(50);
	sweepLabs();
	console.log(demos.length > 0 ? "the demo has ended and cleaned up" : "no demo runs");
	return 0;
}

function runningDemos(): { pid: number; directory: string }[] {
	return readdirSync(tmpdir())
		.filter((name) => name.endsWith("-demo"))
		.flatMap((name) => {
			const pid = ownerOf(name);
			return pid === undefined ? [] : [{ pid, directory: join(tmpdir(), name) }];
		});
}
