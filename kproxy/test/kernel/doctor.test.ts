import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { kproxyCommand, SOURCE } from "../lab/daemon.ts";
import { createLab, type Lab, sweepLabs } from "../lab/lab.ts";

let lab: Lab;

test.before(() => {
	sweepLabs();
	lab = createLab("doctor");
});

test.after.always(() => lab?.close());

test.serial("doctor finds this machine fit, dials the canary, and leaves nothing", (t) => {
	const result = kproxyCommand(lab, ["doctor", "--cgroup", lab.cgroups.others, "-o", "json"]);
	const { checks } = JSON.parse(result.stdout) as {
		checks: { group: string; name: string; level: string; found: string }[];
	};
	t.deepEqual(
		checks.filter(({ level }) => level === "fail"),
		[],
	);
	t.is(result.status, 0);
	t.deepEqual(
		checks.filter(({ group }) => group === "canary").map(({ found }) => found),
		Array(2).fill("translated, and the answer comes from the frontend"),
	);
	t.deepEqual(
		readdirSync(lab.cgroups.others).filter((name) => name.startsWith("kproxy-doctor")),
		[],
	);
});

/** Shell that takes something away in a mount namespace of its own, or from the process, before it becomes doctor. */
const BARE = {
	"without libbpf":
		'for file in /usr/lib/*/libbpf.so.1; do mount --bind /dev/null "$(readlink -f "$file")"; done; exec "$@"',
	// It may read any file, because a checkout may lie where only its owner gets.
	"as nobody":
		'exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +dac_read_search --ambient-caps +dac_read_search "$@"',
};

for (const [where, shell] of Object.entries(BARE)) {
	test.serial(`doctor ${where} still says all that it can, and exits 1`, (t) => {
		const doctor = [
			...SOURCE,
			"doctor",
			"-o",
			"json",
			"--bpffs",
			join(lab.directory, "no-bpffs"),
			"--cgroup",
			lab.cgroups.others,
		];
		const { status, stdout, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", shell, "sh", ...doctor], {
			encoding: "utf8",
		});
		t.is(status, 1, stderr);
		const { ok, checks } = JSON.parse(stdout) as {
			ok: boolean;
			checks: { group: string; advice?: string }[];
		};
		t.false(ok);
		t.deepEqual(
			[...new Set(checks.map(({ group }) => group))],
			["kernel", "permissions", "mounts", "network", "neighbours", "canary"],
		);
		const advice = checks.map((check) => check.advice ?? "");
		t.true(advice.some((line) => line.includes("mount -t bpf bpf")));
		t.true(
			advice.some((line) => (where === "as nobody" ? /add BPF to/ : /apt-get install libbpf1/).test(line)),
		);
	});
}
