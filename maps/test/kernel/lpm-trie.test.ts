import test, { type ExecutionContext } from "ava";
import { address4, type Codec, createMap, kernelMapCalls, type MapCalls, MapError, u32 } from "bpf-loader";
import { diff, type MapTable, openLpmTrie } from "bpf-maps";

interface Prefix {
	bits: number;
	address: string;
}

/** `struct { __u32 prefixlen; __be32 address; }` */
const prefixCodec: Codec<Prefix> = {
	name: "struct prefix",
	size: 8,
	encode({ bits, address }, view, offset) {
		u32.encode(bits, view, offset);
		address4.encode(address, view, offset + 4);
	},
	decode: (view, offset) => ({ bits: u32.decode(view, offset), address: address4.decode(view, offset + 4) }),
};

const BPF_F_NO_PREALLOC = 1;

const prefix = (text: string): Prefix => {
	const [address = "", bits = "32"] = text.split("/");
	return { bits: Number(bits), address };
};
const text = ({ bits, address }: Prefix) => `${address}/${bits}`;

function withTrie(
	t: ExecutionContext,
	run: (t: ExecutionContext, trie: MapTable<Prefix, number>) => void,
	calls?: MapCalls,
) {
	using map = createMap({
		name: "peer_classes",
		type: "lpm_trie",
		keySize: 8,
		valueSize: 4,
		maxEntries: 64,
		flags: BPF_F_NO_PREALLOC,
	});
	run(t, openLpmTrie(map, { key: prefixCodec, value: u32, ...(calls && { calls }) }));
}

const filled = (trie: MapTable<Prefix, number>) => {
	const prefixes = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "0.0.0.0/0"];
	trie.setAll(prefixes.map((each, index) => [prefix(each), index + 1] as const));
	return prefixes;
};

const withoutBatches: MapCalls = {
	...kernelMapCalls,
	lookupBatch: () => -524,
	updateBatch: () => -524,
	deleteBatch: () => -524,
};

for (const [words, calls] of [
	["", kernelMapCalls],
	[" without batches", withoutBatches],
] as const) {
	test(`an LPM trie${words} gives every prefix once and deletes exactly the one asked for`, (t) =>
		withTrie(
			t,
			(t, trie) => {
				const prefixes = filled(trie);
				t.deepEqual([...trie.keys()].map(text).sort(), prefixes.sort());
				t.true(trie.delete(prefix("10.1.0.0/16")));
				t.false(trie.delete(prefix("10.1.0.0/16")));
				t.is(trie.get(prefix("10.1.9.9")), 1);
				t.is(trie.get(prefix("10.1.2.9")), 3);
				trie.deleteAll([prefix("10.0.0.0/8"), prefix("192.168.0.0/16"), prefix("0.0.0.0/0")]);
				t.is(trie.get(prefix("10.9.9.9")), undefined);
				trie.clear();
				t.is(trie.count(), 0);
			},
			calls,
		));
}

const matches: [address: string, value: number][] = [
	["10.1.2.3", 4],
	["10.1.2.4", 3],
	["10.1.3.4", 2],
	["10.2.3.4", 1],
	["11.0.0.1", 5],
	["10.1.0.0/16", 2],
	["10.0.0.0/9", 1],
];
for (const [address, value] of matches) {
	test(`the longest prefix that contains ${address} is found`, (t) =>
		withTrie(t, (t, trie) => {
			filled(trie);
			t.is(trie.get(prefix(address)), value);
		}));
}

test("bits past the prefix make no other key, in the kernel and in a diff", (t) =>
	withTrie(t, (t, trie) => {
		trie.set(prefix("10.1.2.3/9"), 1);
		trie.set(prefix("10.99.0.0/9"), 2);
		t.deepEqual([...trie.entries()], [[prefix("10.0.0.0/9"), 2]]);
		t.deepEqual(diff([[prefix("10.7.7.7/9"), 2]], trie, trie), { set: [], delete: [], unchanged: 1 });
		t.true(trie.delete(prefix("10.5.5.5/9")));
	}));

test("a prefix longer than its address is refused", (t) =>
	withTrie(t, (t, trie) => {
		const error = t.throws<MapError>(() => trie.set(prefix("10.0.0.0/33"), 1), { instanceOf: MapError });
		t.is(error?.code, "MAP_ENTRY");
		t.is(
			error?.message,
			"an entry does not fit peer_classes: struct prefix: a prefix of 33 bits in 32 bits of data",
		);
	}));

test("a full LPM trie (ENOSPC) is MAP_FULL with name, use and limit", (t) =>
	withTrie(t, (t, trie) => {
		const many = Array.from({ length: 70 }, (_, index) => [prefix(`10.0.${index}.0/24`), index] as const);
		const error = t.throws<MapError>(() => trie.setAll(many), { instanceOf: MapError });
		t.is(error?.message, "peer_classes is full: 64 of 64 entries in use; raise its max_entries");
		t.is(error?.written, 64);
		t.is(
			t.throws<MapError>(() => trie.set(prefix("1.1.1.1"), 1), { instanceOf: MapError })?.code,
			"MAP_FULL",
		);
	}));

test("an LPM trie can be read while entries are deleted from it", (t) =>
	withTrie(t, (t, trie) => {
		filled(trie);
		const seen: string[] = [];
		for (const key of trie.keys()) {
			seen.push(text(key));
			trie.delete(key);
		}
		t.is(new Set(seen).size, 5);
		t.is(trie.count(), 0);
	}));
