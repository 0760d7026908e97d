import { existsSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import test from "ava";
import { listCgroupPrograms } from "bpf-loader";
import { pinLayout } from "../../src/dataplane/bpffs.ts";
import { maps, programs } from "../../src/dataplane/generated/sock_lb.ts";
import { Daemon, kproxyCommand } from "../lab/daemon.ts";
import { createLab, type Lab, sweepLabs } from "../lab/lab.ts";
import { ManifestDirectory } from "../lab/manifests.ts";
import { createNode } from "../lab/node.ts";
import { createRandom } from "../lab/random.ts";
import { run } from "../lab/run.ts";

const SEED = 20261120;
const KILLS = 20;
const BACKENDS = Array.from({ length: 12 }, (_, index) => `10.244.1.${index + 1}`);

function web(endpoints: readonly string[]) {
	return {
		name: "web",
		clusterIPs: ["10.96.0.80"],
		ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }] as const,
		endpoints,
	};
}

function stage(name: string) {
	const lab = createLab(name);
	const manifests = new ManifestDirectory(lab);
	manifests.set(web(BACKENDS.slice(0, 3)));
	const { namespace } = createNode(lab);
	const start = (...args: string[]) =>
		new Daemon(lab, { namespace, args: ["--manifests", manifests.path, ...args] });
	return { lab, manifests, namespace, start, [Symbol.dispose]: () => lab.close() };
}

/** Addresses that the kernel's one frontend leads to. */
function served(lab: Lab): string[] {
	const { stdout } = kproxyCommand(lab, ["frontends", "-o", "json"]);
	const [frontend] = JSON.parse(stdout).frontends as { backends: { address: string }[] }[];
	return frontend?.backends.map(({ address }) => address) ?? [];
}

function pins(lab: Lab): { maps: string[]; links: string[] } {
	const layout = pinLayout(lab.bpffs);
	return { maps: readdirSync(layout.maps).sort(), links: readdirSync(layout.links).sort() };
}

const ALL_PINS = { maps: Object.keys(maps).sort(), links: Object.keys(programs).sort() };

test.before(() => sweepLabs());

test.serial("SIGTERM ends the daemon in order and leaves the dataplane serving", async (t) => {
	using at = stage("sigterm");
	const daemon = at.start();
	await daemon.synced();
	t.is(await daemon.end("SIGTERM"), 0);
	t.is(daemon.lines.at(-1)?.msg, "stopped: the programs stay attached and serve the last state");
	t.deepEqual(served(at.lab), BACKENDS.slice(0, 3));
	t.deepEqual(pins(at.lab), ALL_PINS);
	const status = kproxyCommand(at.lab, ["status"]);
	t.is(status.status, 1);
	t.regex(status.stdout, /^daemon: +not running$/m);
	t.regex(status.stdout, /^dataplane: +all \d+ programs attached$/m);
});

test.serial("--once syncs, leaves the dataplane in place and exits", async (t) => {
	using at = stage("once");
	const daemon = at.start("--once");
	await daemon.synced();
	t.is(await daemon.end("SIGCONT"), 0);
	t.deepEqual(served(at.lab), BACKENDS.slice(0, 3));
	t.deepEqual(pins(at.lab), ALL_PINS);
	at.manifests.write("broken.yaml", "kind: [");
	const broken = at.start("--once");
	t.is(await broken.end("SIGCONT"), 1, "what cannot be served is said by the exit status");
});

test.serial("A second daemon is refused while the first runs, and changes nothing", async (t) => {
	using at = stage("second");
	const first = at.start();
	await first.synced();
	const second = at.start("--healthz-bind-address", "", "--metrics-bind-address", "");
	t.is(await second.end("SIGCONT"), 3);
	t.regex(
		second.lines.at(-1)?.msg ?? "",
		new RegExp(`a kproxy daemon runs already: .* in use by process ${first.pid}; `),
	);
	t.is(await first.end("SIGTERM"), 0);
});

test.serial("A port that is in use ends the start before anything is attached", async (t) => {
	using at = stage("ports");
	const first = at.start();
	await first.synced();
	const second = at.start("--bpffs", `${at.lab.bpffs}/other`);
	t.is(await second.end("SIGCONT"), 3);
	t.regex(
		second.lines.at(-1)?.msg ?? "",
		/healthz cannot listen on 0\.0\.0\.0:10256: another process has that port/,
	);
	t.false(readdirSync(at.lab.bpffs).includes("other"));
	await first.end("SIGTERM");
});

test.serial("Health turns good with the first sync, and metrics tell what was done", async (t) => {
	using at = stage("serve");
	const daemon = at.start("--metrics-bind-address", "0.0.0.0:10249");
	await daemon.synced();
	const get = (url: string) =>
		run("nsenter", [`--net=${at.namespace.path}`, "--", "curl", "-sS", "-w", "\n%{http_code}", url]);
	t.regex(get("http://127.0.0.1:10256/healthz"), /"nodeEligible":true\}\n200$/);
	t.regex(get("http://127.0.0.1:10256/livez"), /\n200$/);
	t.regex(get("http://127.0.0.1:10256/metrics"), /\n404$/, "metrics are on their own address only");
	const metrics = get("http://127.0.0.1:10249/metrics");
	// The guard of a ClusterIP is an entry, and no frontend that anybody asked for.
	t.regex(metrics, /^kproxy_frontends 1$/m);
	t.regex(metrics, /^kproxy_backends 3$/m);
	t.regex(metrics, /^kproxy_map_entries\{map="svc_frontends"\} 2$/m);
	t.regex(metrics, /^kubeproxy_sync_proxy_rules_service_changes_total 1$/m);
	t.regex(metrics, /^kubeproxy_sync_proxy_rules_endpoint_changes_pending 0$/m);
	t.regex(metrics, /^kubeproxy_proxy_healthz_total\{code="200"\} 1$/m);
	await daemon.end("SIGTERM");
});

test.serial(
	"Killed at random moments while manifests change, it always comes back to what they say",
	async (t) => {
		using at = stage("kills");
		const random = createRandom(SEED);
		for (let kill = 0; kill < KILLS; kill++) {
			const daemon = at.start();
			// From before its first line to well after it is in sync.
			await delay(random.below(1500));
			at.manifests.set(web(random.someOf(BACKENDS)));
			await delay(random.below(200));
			await daemon.end("SIGKILL");
		}
		const last = random.someOf(BACKENDS);
		at.manifests.set(web(last));
		const daemon = at.start();
		await daemon.synced();
		t.deepEqual(served(at.lab), [...last].sort());
		t.deepEqual(pins(at.lab), ALL_PINS);
		const diff = kproxyCommand(at.lab, ["diff", "--manifests", at.manifests.path]);
		t.is(diff.status, 0, diff.stdout);
		t.is(listCgroupPrograms(at.lab.cgroups.clients, "cgroup_inet4_connect").length, 1);
		await daemon.end("SIGKILL");
		const cleanup = kproxyCommand(at.lab, ["cleanup", "--yes", "-o", "json"]);
		const { sockets } = JSON.parse(cleanup.stdout) as { sockets: string[] };
		t.is(sockets.length, 1, "a killed daemon leaves its socket");
		t.false(existsSync(sockets[0] ?? ""));
	},
);
