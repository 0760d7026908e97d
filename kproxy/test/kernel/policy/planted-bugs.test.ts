/** Bugs planted on purpose, one at a time, in a copy of bpf/ or in what is written: a short fuzz has to find each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { MapTable } from "bpf-maps";
import { sweepLabs } from "../../lab/lab.ts";
import { type PlantedBug, plantBug } from "../plant-bug.ts";
import { fuzzPolicy } from "./fuzz.ts";
import { createPolicyKernel, type PolicyKernel } from "./policy-kernel.ts";

const FUZZ_SECONDS = 10;
const FILE = "lib/policy.h";

const BUGS: readonly PlantedBug[] = [
	{
		title: "the port that counts is the pod's own",
		file: FILE,
		from: ".port = direction == DIRECTION_EGRESS ?",
		to: ".port = direction == DIRECTION_INGRESS ?",
	},
	{
		title: "ingress and egress isolation are swapped",
		file: FILE,
		from: "(sends ? POD_ISOLATED_EGRESS : POD_ISOLATED_INGRESS)",
		to: "(sends ? POD_ISOLATED_INGRESS : POD_ISOLATED_EGRESS)",
	},
	{
		title: "blocks do not count",
		file: FILE,
		from: "found = bpf_map_lookup_elem(&peer_classes, &key);",
		to: "found = NULL;",
	},
	{
		title: "a pod is the block that it lies in",
		file: FILE,
		from: "found = bpf_map_lookup_elem(&peer_addresses, &key.generation);\n\tif (!found)\n\t\t",
		to: "",
	},
	{
		title: "the last bits of a peer's address do not count",
		file: FILE,
		from: ".prefix_length = 160",
		to: ".prefix_length = 128",
	},
	{
		title: "every generation's peers are the first one's",
		file: FILE,
		from: "class_of(&flow->destination, pod->generation)",
		to: "class_of(&flow->destination, 1)",
	},
	{
		title: "rules for everybody are not for those who have rules of their own",
		file: FILE,
		from: "if (!rule && pod->flags & (sends",
		to: "if (!peer_class && pod->flags & (sends",
	},
	{
		title: "the protocol does not count",
		file: FILE,
		from: ".protocol = flow->protocol,\n\t\t/* Where",
		to: ".protocol = PROTOCOL_TCP,\n\t\t/* Where",
	},
	{
		title: "one direction's rules are the other's",
		file: FILE,
		from: ".direction = direction,\n\t\t.protocol",
		to: ".direction = !direction,\n\t\t.protocol",
	},
	{
		title: "a pod always reaches its own node",
		file: FILE,
		from: "if (direction == DIRECTION_INGRESS && bpf_map_lookup_elem(&own_addresses",
		to: "if (bpf_map_lookup_elem(&own_addresses",
	},
	{
		title: "its own node does not reach a pod",
		file: FILE,
		from: "bpf_map_lookup_elem(&own_addresses, &about->flow.destination)",
		to: "!about->ifindex",
	},
	{
		title: "a pod does not reach itself",
		file: FILE,
		from: "if (same_address(&about->flow.source, &about->flow.destination))\n\t\treturn 0;",
		to: "",
	},
];

test.before(() => sweepLabs());

test.serial("nothing is found where no bug is planted", (t) => {
	t.is(findBug(), undefined);
});

for (const bug of BUGS) {
	test.serial(`it is found when ${bug.title}`, (t) => {
		const directory = mkdtempSync(join(tmpdir(), "kproxy-planted-"));
		try {
			const found = findBug({ object: plantBug(bug, directory) });
			t.not(found, undefined, `a fuzz of ${FUZZ_SECONDS} s does not fail`);
			t.log(found?.split("\n")[0]?.slice(0, 160));
		} finally {
			rmSync(directory, { recursive: true });
		}
	});
}

/** Keys of a table are written otherwise than they should be. */
function rewriteKeys<K, V>(table: MapTable<K, V>, change: (key: K) => K): void {
	const { setAll, deleteAll } = table;
	table.setAll = (entries) =>
		setAll.call(
			table,
			Array.from(entries, ([key, value]) => [change(key), value] as const),
		);
	table.deleteAll = (keys) => deleteAll.call(table, Array.from(keys, change));
}

for (const { title, spoil } of [
	{
		title: "blocks are written one bit too wide",
		spoil: ({ maps }: PolicyKernel) =>
			rewriteKeys(maps.peerClasses, (key) => ({ ...key, prefixLength: key.prefixLength - 1 })),
	},
	{
		title: "ranges of ports are written one bit too narrow",
		spoil: ({ maps }: PolicyKernel) =>
			rewriteKeys(maps.rules, (key) =>
				key.prefixLength > 80 && key.prefixLength < 96 ? { ...key, prefixLength: key.prefixLength + 1 } : key,
			),
	},
	{
		title: "peers that change are not written",
		spoil: ({ maps }: PolicyKernel) => {
			maps.peerAddresses.setAll = () => {};
		},
	},
]) {
	test.serial(`it is found when ${title}`, (t) => {
		const found = findBug({ spoil });
		t.not(found, undefined, `a fuzz of ${FUZZ_SECONDS} s does not fail`);
		t.log(found?.split("\n")[0]?.slice(0, 160));
	});
}

/** Why the fuzz fails with this object, or the package's own, after `spoil`. */
function findBug({
	object,
	spoil,
}: {
	object?: string;
	spoil?: (kernel: PolicyKernel) => void;
} = {}): string | undefined {
	const kernel = createPolicyKernel("planted-policy", object);
	try {
		spoil?.(kernel);
		return fuzzPolicy(kernel, { seed: 1, seconds: FUZZ_SECONDS }).failure?.why;
	} finally {
		kernel.close();
	}
}
