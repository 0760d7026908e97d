import test from "ava";
import { formatAge, formatBytes, formatShare } from "../../src/commands/age.ts";
import { formatEntries } from "../../src/commands/dump/format-entries.ts";
import { formatStatus } from "../../src/commands/status/format-status.ts";
import type { Status } from "../../src/commands/status/read-status.ts";

for (const [spanMs, text] of [
	[-5, "0s"],
	[0, "0s"],
	[999, "0s"],
	[59_999, "59s"],
	[60_000, "1m"],
	[3_600_000, "1h"],
	[49 * 3_600_000, "2d"],
] as const) {
	test(`An age of ${spanMs} ms is ${text}`, (t) => t.is(formatAge(spanMs), text));
}

for (const [bytes, text] of [
	[0, "0 B"],
	[1023, "1023 B"],
	[1536, "1.5 KiB"],
	[8 << 20, "8.0 MiB"],
] as const) {
	test(`${bytes} bytes are ${text}`, (t) => t.is(formatBytes(bytes), text));
}

for (const [used, limit, text] of [
	[0, 100, "0%"],
	[1, 1000, "<1%"],
	[999, 1000, "99%"],
	[1000, 1000, "100%"],
	[0, 0, "0%"],
] as const) {
	test(`${used} of ${limit} are ${text}`, (t) => t.is(formatShare(used, limit), text));
}

test("Fields of structs become columns with the names of the C", (t) => {
	const text = formatEntries([
		{ key: { address: "10.0.0.1", port: 80 }, value: { firstSlot: 3, port: 8080 } },
		{ key: { address: "fd00::1", port: 8 }, value: { firstSlot: 40, port: 1 } },
	]);
	t.is(
		text,
		[
			"ADDRESS    PORT   FIRST_SLOT   VALUE.PORT",
			"10.0.0.1   80     3            8080",
			"fd00::1    8      40           1",
			"",
		].join("\n"),
	);
});

test("Scalars and per-CPU values are one column", (t) => {
	t.is(formatEntries([{ key: 3, value: [1, 2] }]), "KEY   VALUE\n3     [1,2]\n");
	t.is(formatEntries([]), "no entries\n");
});

const NOW = Date.UTC(2026, 0, 1);
const NOTHING: Status = {
	ready: false,
	daemon: { running: false, pid: undefined, status: undefined },
	missing: "no kproxy dataplane at /x: nothing is pinned there",
	programs: [],
	devices: [],
	maps: [],
	outcomes: [],
};

test("Without daemon and dataplane status is two lines", (t) => {
	t.is(
		formatStatus(NOTHING, NOW),
		"daemon:     not running\ndataplane:  no kproxy dataplane at /x: nothing is pinned there\n",
	);
});

test("Status shows what is attached, what happened and what is wrong", (t) => {
	const text = formatStatus(
		{
			...NOTHING,
			missing: undefined,
			daemon: {
				running: true,
				pid: 7,
				status: {
					pid: 7,
					version: "1.2.3",
					nodeName: "n",
					node: { nodeName: "n" },
					startedMs: NOW - 7200_000,
					cgroup: "/c",
					inSync: false,
					syncedMs: NOW - 5000,
					pending: 4,
					counts: { services: 2, slices: 3, rows: 2 },
					policy: { policies: 12, pods: 90, localPods: 30, untied: 1, rules: 4000 },
					sources: [
						{ name: "manifests /m", synced: true, lastContactMs: NOW, problems: ["a.yaml:3: broken"] },
					],
					problems: [{ id: "x", object: "Service a/b", code: "MAP_FULL", message: "map svc_slots is full" }],
					use: [],
				},
			},
			programs: [
				{
					program: "sock_connect4",
					attached: true,
					attachType: "cgroup_inet4_connect",
					cgroup: "/c",
					sinceMs: NOW - 60_000,
				},
				{ program: "sock_connect6", attached: false, cgroup: undefined },
			],
			devices: [
				{ ifindex: 2, name: "eth0", class: "node", sides: ["ingress", "egress"] },
				{ ifindex: 3, name: "veth1", class: "pod", sides: ["egress"] },
			],
			outcomes: [
				{
					reason: "NO_BACKEND",
					sentence: "Refused: the frontend has no backend.",
					hook: "CONNECT",
					direction: "EGRESS",
					refused: true,
					packets: 12n,
					bytes: 0n,
				},
			],
		},
		NOW,
	);
	t.is(
		text,
		`daemon:     running, process 7, kproxy 1.2.3, for 2h
sync:       4 entries wait, 2 Services, 3 EndpointSlices, last write 5s ago
policy:     enforced, 12 NetworkPolicies, 30 pods here (1 addresses without an interface), 4000 rules
source:     manifests /m, synced, heard 0s ago
dataplane:  1 of 2 programs attached: start kproxy run to attach the others
devices:    node: eth0; 1 pod interfaces; 1 with a program on one side only

PROGRAM         HOOK                   CGROUP         SINCE   LOADED
sock_connect4   cgroup_inet4_connect   /c             1m
sock_connect6                          not attached

MAP   TYPE   ENTRIES   LIMIT   USE   MEMORY

OUTCOME      HOOK      COUNT   MEANING
NO_BACKEND   CONNECT   12      Refused: the frontend has no backend.

PROBLEMS
map svc_slots is full
a.yaml:3: broken
`,
	);
});
