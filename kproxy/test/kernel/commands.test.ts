import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openPinnedMap } from "bpf-loader";
import { openArray } from "bpf-maps";
import { pinLayout } from "../../src/dataplane/bpffs.ts";
import { maps, programs } from "../../src/dataplane/generated/sock_lb.ts";
import { openDataplane } from "../../src/dataplane/open-dataplane.ts";
import { type CommandResult, Daemon, kproxyCommand, SMALL_MAPS } from "../lab/daemon.ts";
import { createLab, type Lab, sweepLabs } from "../lab/lab.ts";
import { ManifestDirectory } from "../lab/manifests.ts";
import { createNode } from "../lab/node.ts";
import type { ServiceManifest } from "../lab/objects.ts";

const WEB: ServiceManifest = {
	name: "web",
	clusterIPs: ["10.96.0.80", "fd00:10:96::80"],
	ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }],
	endpoints: ["10.244.0.2", "10.244.0.3", "10.244.0.4", "10.244.0.5", "fd00:10:244::2"],
};
const DNS: ServiceManifest = {
	name: "dns",
	clusterIPs: ["10.96.0.53"],
	ports: [
		{ name: "dns", protocol: "UDP", port: 53, targetPort: 5353 },
		{ name: "dns-tcp", protocol: "TCP", port: 53, targetPort: 5353 },
	],
	endpoints: ["10.244.0.2"],
};
const EMPTY: ServiceManifest = { ...DNS, name: "empty", clusterIPs: ["10.96.0.99"], endpoints: [] };

let lab: Lab;
let manifests: ManifestDirectory;
let daemon: Daemon;

test.before(async () => {
	sweepLabs();
	lab = createLab("commands");
	manifests = new ManifestDirectory(lab);
	for (const service of [WEB, DNS, EMPTY]) manifests.set(service);
	daemon = new Daemon(lab, { namespace: createNode(lab).namespace, args: ["--manifests", manifests.path] });
	await daemon.synced();
});

test.after.always(() => lab?.close());

const kproxy = (...args: string[]) => kproxyCommand(lab, args);

/** What a command printed as JSON. */
function json(result: CommandResult) {
	return JSON.parse(result.stdout);
}

/** Rows of a table, each by its headings. */
function table({ stdout }: CommandResult): Record<string, string>[] {
	const [headings = "", ...lines] = stdout.trimEnd().split("\n");
	const columns = [...headings.matchAll(/\S+\s*/g)].map(({ 0: text, index }) => ({
		name: text.trim(),
		from: index,
		to: index + text.length,
	}));
	return lines.map((line) =>
		Object.fromEntries(
			columns.map(({ name, from, to }, at) => [
				name,
				line.slice(from, at === columns.length - 1 ? undefined : to).trim(),
			]),
		),
	);
}

test.serial("status says that all is attached and in sync, and waits no longer than needed", (t) => {
	const result = kproxy("status", "--wait", "20");
	t.is(result.status, 0, result.stderr);
	t.regex(result.stdout, new RegExp(`^daemon: +running, process ${daemon.pid}, kproxy `, "m"));
	t.regex(result.stdout, /^sync: +in sync, 3 Services, 4 EndpointSlices, /m);
	t.regex(result.stdout, new RegExp(`^source: +manifests ${manifests.path}, synced`, "m"));
	t.regex(
		result.stdout,
		new RegExp(`^dataplane: +all ${Object.keys(programs).length} programs attached$`, "m"),
	);
	const status = json(kproxy("status", "-o", "json"));
	t.true(status.ready);
	t.is(status.daemon.pid, daemon.pid);
	t.deepEqual(
		status.programs.map(({ program }: { program: string }) => program).sort(),
		Object.keys(programs).sort(),
	);
	t.true(status.programs.every(({ cgroup }: { cgroup: string }) => cgroup === lab.cgroups.clients));
});

test.serial("frontends has a row for each frontend, by Service", (t) => {
	const rows = table(kproxy("frontends"));
	t.deepEqual(
		rows.map(({ SERVICE, FRONTEND, BACKENDS }) => [SERVICE, FRONTEND, BACKENDS]),
		[
			["default/dns:dns", "10.96.0.53:53/UDP", "1"],
			["default/dns:dns-tcp", "10.96.0.53:53/TCP", "1"],
			["default/empty:dns", "10.96.0.99:53/UDP", "0"],
			["default/empty:dns-tcp", "10.96.0.99:53/TCP", "0"],
			["default/web:http", "10.96.0.80:80/TCP", "4"],
			["default/web:http", "[fd00:10:96::80]:80/TCP", "1"],
		],
	);
	t.is(rows[2]?.ENDPOINTS, "none: dials are rejected");
	t.is(rows[4]?.ENDPOINTS, "10.244.0.2:8080, 10.244.0.3:8080, 10.244.0.4:8080 + 1 more");
});

for (const { args, found } of [
	{ args: ["--service", "web"], found: 2 },
	{ args: ["--service", "default/web"], found: 2 },
	{ args: ["-n", "default"], found: 6 },
	{ args: ["-n", "other"], found: 0 },
	{ args: ["--address", "10.96.0.53"], found: 2 },
	{ args: ["--address", "FD00:10:96:0::80"], found: 1 },
	{ args: ["--port", "53", "--protocol", "udp"], found: 2 },
	{ args: ["--service", "web", "--port", "53"], found: 0 },
]) {
	test.serial(`frontends ${args.join(" ")} finds ${found}`, (t) => {
		t.is(json(kproxy("frontends", "-o", "json", ...args)).frontends.length, found);
	});
}

test.serial("backends has a row for each endpoint with the Services that use it", (t) => {
	const rows = table(kproxy("backends", "--address", "10.244.0.2"));
	t.deepEqual(
		rows.map(({ BACKEND, STATE, SERVICES }) => [BACKEND, STATE, SERVICES]),
		[
			["10.244.0.2:5353/TCP", "active", "default/dns:dns-tcp"],
			["10.244.0.2:5353/UDP", "active", "default/dns:dns"],
			["10.244.0.2:8080/TCP", "active", "default/web:http"],
		].sort(),
	);
	t.is(json(kproxy("backends", "--service", "web", "-o", "json")).backends.length, 5);
});

test.serial("maps has every map with its use and limit", (t) => {
	const found = json(kproxy("maps", "-o", "json")).maps;
	t.deepEqual(found.map(({ name }: { name: string }) => name).sort(), Object.keys(maps).sort());
	const frontends = found.find(({ name }: { name: string }) => name === "svc_frontends");
	t.like(frontends, { type: "hash", used: 10, maxEntries: SMALL_MAPS["--max-frontends"] });
	t.true(frontends.bytes > 0);
	t.regex(kproxy("maps").stdout, /^svc_frontends +hash +10 +\d+ +<1% +[\d.]+ [KM]iB$/m);
});

for (const name of Object.keys(maps)) {
	test.serial(`dump ${name} decodes it by its BTF, as table and as JSON`, (t) => {
		const asTable = kproxy("dump", name, "--limit", "5");
		t.is(asTable.status, 0, asTable.stderr);
		const { map, entries } = json(kproxy("dump", name, "--limit", "5", "-o", "json"));
		t.is(map, name);
		t.true(entries.length <= 5);
	});
}

test.serial("dump shows fields by the names of the C, and any pinned map by its path", (t) => {
	const rows = table(kproxy("dump", "svc_names"));
	t.deepEqual(rows.map(({ NAME, PORT }) => `${NAME}:${PORT}`).sort(), [
		"dns:dns",
		"dns:dns-tcp",
		"empty:dns",
		"empty:dns-tcp",
		"web:http",
		"web:http",
	]);
	const path = pinLayout(lab.bpffs).map("svc_frontends");
	const { entries } = json(kproxy("dump", path, "-o", "json"));
	t.is(entries.length, 10);
	const protocols = (port: number) =>
		entries.flatMap(({ key }: { key: Record<string, unknown> }) => (key.port === port ? [key.protocol] : []));
	t.deepEqual([...new Set(protocols(80))], ["TCP"]);
	// The guards of four ClusterIPs.
	t.deepEqual(protocols(0), ["ANY", "ANY", "ANY", "ANY"]);
});

test.serial("dump stops at its limit and says so", (t) => {
	const result = kproxy("dump", "svc_frontends", "--limit", "2");
	t.is(result.stdout.trimEnd().split("\n").length, 3);
	t.is(result.stderr, "only the first 2 entries: --limit 0 prints all\n");
	t.true(json(kproxy("dump", "svc_frontends", "--limit", "2", "-o", "json")).more);
});

for (const { args, status, says } of [
	{
		args: ["dump", "svc_frontend"],
		status: 2,
		says: /has no map "svc_frontend": did you mean svc_frontends\?$/m,
	},
	{ args: ["dump", "/sys/fs/bpf/nothing/here"], status: 3, says: /nothing is pinned there|cannot open/ },
	{ args: ["cleanup", "--yes"], status: 3, says: /a kproxy daemon \(process \d+\) runs on / },
	{
		args: ["diff"],
		status: 2,
		says: /nothing says where the Services come from; give --manifests DIR or --kubeconfig FILE/,
	},
]) {
	test.serial(`${args.join(" ")} exits ${status} with one line`, (t) => {
		const result = kproxy(...args);
		t.is(result.status, status);
		t.regex(result.stderr, says);
		t.is(result.stderr.trimEnd().split("\n").length, 1);
	});
}

test.serial("diff finds nothing to say where all sides agree", (t) => {
	const result = kproxy("diff", "--manifests", manifests.path);
	t.is(result.status, 0, result.stdout);
	t.is(result.stdout, "frontends: sources 6, daemon 6, kernel 6; no differences\n");
});

test.serial("diff names the side that differs after a map was edited by hand, and exits 1", (t) => {
	using map = openPinnedMap(pinLayout(lab.bpffs).map("svc_slots"));
	const slots = openArray(map, maps.svc_slots);
	const used = [...slots.entries()].filter(([, backend]) => backend !== 0);
	slots.setAll(used.map(([slot]) => [slot, used[0]?.[1] ?? 0]));
	const { differences } = json(kproxy("diff", "--manifests", manifests.path, "-o", "json"));
	const asTable = kproxy("diff", "--manifests", manifests.path);
	slots.setAll(used);
	t.true(differences.length > 0);
	t.deepEqual([...new Set(differences.map(({ side }: { side: string }) => side))], ["kernel"]);
	t.is(asTable.status, 1);
	t.regex(asTable.stdout, /^kernel +sources +10\.96\.0\.80:80\/TCP +lacks backend 10\.244\.0\./m);
	t.is(kproxy("diff", "--manifests", manifests.path).status, 0);
});

test.serial("A broken manifest is a problem in status, and the others serve", async (t) => {
	const from = daemon.lines.length;
	manifests.write("broken.yaml", "kind: Service\nmetadata: {name: [}\n");
	await daemon.line("that a file is broken", ({ msg }) => msg.includes("broken.yaml"), from);
	const result = kproxy("status");
	t.regex(result.stdout, /^PROBLEMS$/m);
	t.regex(result.stdout, /broken\.yaml/);
	t.is(result.status, 0, "what can be served is");
});

test.serial("cleanup --dry-run lists and removes nothing", (t) => {
	const result = kproxy("cleanup", "--dry-run");
	t.is(result.status, 0);
	t.regex(result.stdout, /^detach and unpin +.*\/links\/sock_connect4$/m);
	t.true(readdirSync(pinLayout(lab.bpffs).links).length > 0);
});

test.serial(
	"Without any dataplane readers say so and exit 3, and status exits 1 when its wait runs out",
	(t) => {
		const empty = join(lab.bpffs, "empty");
		for (const command of ["frontends", "backends", "maps"]) {
			const result = kproxyCommandOn(empty, command);
			t.is(result.status, 3);
			t.regex(result.stderr, /no kproxy dataplane at .*: nothing is pinned there; start kproxy run/);
		}
		const status = kproxyCommandOn(empty, "status", "--wait", "1", "-o", "json");
		t.is(status.status, 1);
		t.false(json(status).ready);
		t.is(kproxyCommandOn(empty, "cleanup", "--yes").stdout, `nothing of kproxy is at ${empty}\n`);
	},
);

/** The lab's commands end in its own `--bpffs`; here another one counts, so it comes last. */
function kproxyCommandOn(bpffs: string, ...args: string[]): CommandResult {
	return kproxyCommand({ ...lab, bpffs } as Lab, args);
}

test.serial("cleanup detaches, unpins and is idempotent", (t) => {
	const bpffs = join(lab.bpffs, "other");
	const cgroup = join(lab.cgroups.others, "other");
	mkdirSync(cgroup);
	openDataplane({ bpffs, cgroup, sizes: { svc_frontends: 16, svc_slots: 16, svc_backends: 16 } }).close();
	t.is(kproxyCommandOn(bpffs, "cleanup").status, 2, "nobody is there to be asked");
	const result = kproxyCommandOn(bpffs, "cleanup", "--yes");
	t.is(result.status, 0);
	t.regex(result.stdout, /removed\n$/);
	t.is(kproxyCommandOn(bpffs, "cleanup", "-y").status, 0);
	t.false(readdirSync(lab.bpffs).includes("other"));
});
