import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import test from "ava";
import { attachCgroup, listCgroupPrograms, loadObject, openPinnedMap, openSpec, unpin } from "bpf-loader";
import { pinLayout } from "../../src/dataplane/bpffs.ts";
import { maps, Protocol, programs } from "../../src/dataplane/generated/sock_lb.ts";
import { openDataplane } from "../../src/dataplane/open-dataplane.ts";
import { openPinnedDataplane, readLinks, readMaps } from "../../src/dataplane/pinned-dataplane.ts";
import { findRemovable, removeDataplane } from "../../src/dataplane/remove-dataplane.ts";
import { objectPath } from "../../src/dataplane/service-maps.ts";
import { createLab, sweepLabs } from "../lab/lab.ts";

test.before(() => sweepLabs());

const PROGRAMS = Object.keys(programs).sort();
const MAPS = Object.keys(maps).sort();

const FRONTEND = { address: "10.96.0.10", port: 80, protocol: Protocol.TCP };
const VALUE = {
	internal: { first: 0, count: 0 },
	external: { first: 0, count: 0 },
	service: 1,
	affinityTimeoutS: 0,
	algorithm: 0,
	flags: 0,
	check: 0,
} as const;

/** Small maps: a test makes many of them. */
const SIZES = { svc_frontends: 64, svc_slots: 256, svc_backends: 64, svc_names: 64, sock_reverse: 64 };

function stage(name: string) {
	const lab = createLab(name);
	const bpffs = join(lab.bpffs, "kproxy");
	const open = (changes: Partial<Parameters<typeof openDataplane>[0]> = {}) =>
		openDataplane({ bpffs, cgroup: lab.cgroups.clients, sizes: SIZES, ...changes });
	return { lab, bpffs, layout: pinLayout(bpffs), open, [Symbol.dispose]: () => lab.close() };
}

/** Numbers of the programs at one hook of a lab's cgroup. */
const attachedAt = (cgroup: string) => listCgroupPrograms(cgroup, "cgroup_inet4_connect");

test.serial("A first start pins every map and attaches every program to the given cgroup only", (t) => {
	using at = stage("first");
	using dataplane = at.open();
	t.deepEqual([...new Set(Object.values(dataplane.programs))], ["attached"]);
	t.deepEqual(readdirSync(at.layout.maps).sort(), MAPS);
	t.deepEqual(readdirSync(at.layout.links).sort(), PROGRAMS);
	t.is(attachedAt(at.lab.cgroups.clients).length, 1);
	t.deepEqual(attachedAt(at.lab.cgroups.others), []);
});

test.serial("What is pinned serves on when the daemon lets go, and the next one adopts it", (t) => {
	using at = stage("adopt");
	const first = at.open();
	first.maps.frontends.setAll([[FRONTEND, VALUE]]);
	const before = readLinks(at.layout);
	first.close();
	t.is(attachedAt(at.lab.cgroups.clients).length, 1);
	using second = at.open();
	t.deepEqual(second.adoptedMaps.toSorted(), MAPS);
	t.deepEqual([...new Set(Object.values(second.programs))], ["updated"]);
	t.deepEqual(second.maps.frontends.get(FRONTEND), VALUE);
	const after = readLinks(at.layout);
	t.deepEqual(
		after.map(({ program, sinceMs }) => ({ program, sinceMs })),
		before.map(({ program, sinceMs }) => ({ program, sinceMs })),
		"the links are the same ones",
	);
	t.true(
		after.every(({ programId }, index) => programId !== before[index]?.programId),
		"with new programs in them",
	);
	t.is(attachedAt(at.lab.cgroups.clients).length, 1);
});

test.serial("Another cgroup is asked for: the links move there and leave the old one", (t) => {
	using at = stage("move");
	at.open().close();
	using moved = at.open({ cgroup: at.lab.cgroups.others });
	t.deepEqual([...new Set(Object.values(moved.programs))], ["moved"]);
	t.deepEqual(attachedAt(at.lab.cgroups.clients), []);
	t.is(attachedAt(at.lab.cgroups.others).length, 1);
	t.deepEqual(readdirSync(at.layout.links).sort(), PROGRAMS);
});

test.serial("The cgroup of the links is gone: they are attached anew", async (t) => {
	using at = stage("gone");
	const cgroup = join(at.lab.cgroups.clients, "short-lived");
	mkdirSync(cgroup);
	at.open({ cgroup }).close();
	rmdirSync(cgroup);
	// The kernel lets go of a cgroup's links a moment after its directory.
	const deadlineMs = performance.now() + 10_000;
	while (
		readLinks(at.layout).some(({ cgroupId }) => cgroupId !== undefined) &&
		performance.now() < deadlineMs
	) {
		await delay(5);
	}
	t.true(readLinks(at.layout).every(({ cgroupId }) => cgroupId === undefined));
	using again = at.open();
	t.deepEqual([...new Set(Object.values(again.programs))], ["moved"]);
	t.is(attachedAt(at.lab.cgroups.clients).length, 1);
});

test.serial("A start that was killed while it moved a link leaves nothing that lasts", (t) => {
	using at = stage("pending");
	const object = at.open();
	object.close();
	const name = PROGRAMS[0] ?? "";
	const loaded = loadObject(openSpec(objectPath));
	const program = Object.values(loaded.programs).find((each) => each.name === name);
	if (program === undefined) return t.fail();
	using link = attachCgroup({ program, cgroup: at.lab.cgroups.others });
	link.pin(at.layout.pendingLink(name));
	link.close();
	loaded.close();
	using _next = at.open();
	t.deepEqual(readdirSync(at.layout.links).sort(), PROGRAMS);
	t.deepEqual(attachedAt(at.lab.cgroups.others), []);
});

test.serial("A second daemon on the same directory is refused, with the process that has it", (t) => {
	using at = stage("second");
	const first = at.open();
	const error = t.throws(() => at.open());
	t.like(error, { code: "DAEMON_RUNS", object: at.layout.directory });
	t.regex(error?.message ?? "", new RegExp(`in use by process ${process.pid}$`));
	first.close();
	t.notThrows(() => at.open().close());
});

test.serial("Pinned maps keep their size when no flag asks for another", (t) => {
	using at = stage("keep-size");
	at.open().close();
	using dataplane = at.open({ sizes: {} });
	t.is(dataplane.maps.frontends.maxEntries, SIZES.svc_frontends);
});

test.serial("Another size than the pinned map's is refused with words that say what to do", (t) => {
	using at = stage("resize");
	at.open().close();
	const error = t.throws(() => at.open({ sizes: { svc_frontends: 128 } }));
	t.like(error, {
		name: "MapError",
		code: "MAP_SIZE",
		message: "svc_frontends is pinned with room for 64 entries, asked for are 128",
		limit: 64,
	});
	t.regex(
		(error as { hint?: string }).hint ?? "",
		/leave the flag out to keep the size, or run kproxy cleanup/,
	);
	t.is(attachedAt(at.lab.cgroups.clients).length, 1, "what served serves on");
});

test.serial("A map of another layout is refused with both sizes, and what served serves on", (t) => {
	using at = stage("layout");
	at.open().close();
	const before = readLinks(at.layout);
	const path = at.layout.map("svc_names");
	unpin(path);
	using other = openPinnedMap(at.layout.map("svc_backends"));
	other.pin(path);
	const error = t.throws(() => at.open({ sizes: {} }));
	t.like(error, { name: "LayoutError", actual: 24, expected: 192 });
	t.regex((error as { hint?: string }).hint ?? "", /kproxy cleanup/);
	t.deepEqual(readLinks(at.layout), before);
});

test.serial("A start that fails leaves nothing behind where nothing was", (t) => {
	using at = stage("fails");
	t.throws(() => at.open({ cgroup: at.lab.directory }));
	t.false(existsSync(at.layout.directory));
	t.deepEqual(
		readdirSync(at.lab.bpffs).filter((name) => !name.endsWith(".debug")),
		[],
	);
});

test.serial("A directory that is not on a bpf file system is refused with the line that mounts one", (t) => {
	using at = stage("no-bpffs");
	const error = t.throws(() => at.open({ bpffs: join(at.lab.directory, "plain") }));
	t.like(error, { code: "NOT_BPFFS" });
	t.regex((error as { hint?: string }).hint ?? "", /^mkdir -p \/.* && mount -t bpf bpf \//);
	t.false(existsSync(join(at.lab.directory, "plain")));
});

test.serial("Reading needs no daemon and names what is missing", (t) => {
	using at = stage("read");
	t.like(
		t.throws(() => openPinnedDataplane(at.bpffs)),
		{ code: "NO_DATAPLANE" },
	);
	const dataplane = at.open();
	dataplane.maps.frontends.setAll([[FRONTEND, VALUE]]);
	dataplane.close();
	using pinned = openPinnedDataplane(at.bpffs);
	t.deepEqual([...pinned.maps.frontends.entries()], [[FRONTEND, VALUE]]);
	t.like(
		readMaps(at.layout).find(({ name }) => name === "svc_frontends"),
		{ type: "hash", used: 1, maxEntries: 64 },
	);
	unpin(at.layout.map("svc_names"));
	t.regex(t.throws(() => openPinnedDataplane(at.bpffs))?.message ?? "", /svc_names is missing there$/);
});

test.serial("Entries of slots and backends are those in use, whatever the array's memory is", (t) => {
	using at = stage("sparse");
	using dataplane = at.open();
	dataplane.maps.slots.setAll([
		[0, 7],
		[255, 9],
	]);
	t.deepEqual(
		[...dataplane.maps.slots.entries()],
		[
			[0, 7],
			[255, 9],
		],
	);
	t.deepEqual([...dataplane.maps.backends.entries()], []);
});

test.serial("Cleanup removes exactly what is ours, and twice is no error", (t) => {
	using at = stage("cleanup");
	const dataplane = at.open();
	dataplane.close();
	const foreign = join(at.layout.maps, "foreign");
	using map = openPinnedMap(at.layout.map("svc_names"));
	map.pin(foreign);
	removeDataplane(findRemovable(at.layout));
	t.deepEqual(attachedAt(at.lab.cgroups.clients), []);
	t.deepEqual(readdirSync(at.layout.maps), ["foreign"]);
	t.false(existsSync(at.layout.links));
	unpin(foreign);
	removeDataplane(findRemovable(at.layout));
	t.false(existsSync(at.layout.directory));
	t.notThrows(() => removeDataplane(findRemovable(at.layout)));
});
