import test from "ava";
import { createMap, MapError, type MapHandle, openMapById, u32 } from "bpf-loader";
import { openArray, openArrayOfMaps, openHashOfMaps } from "bpf-maps";
import { loadC, PACKET } from "./compile.ts";

const innerMap = (value: number, name = "inner") => {
	const map = createMap({ name, type: "array", keySize: 4, valueSize: 4, maxEntries: 1 });
	openArray(map, { value: u32 }).set(0, value);
	return map;
};

const kinds = [
	["an array of maps", "array_of_maps", (map: MapHandle) => openArrayOfMaps(map)],
	["a hash of maps", "hash_of_maps", (map: MapHandle) => openHashOfMaps(map, { key: u32 })],
] as const;

for (const [title, type, open] of kinds) {
	const create = (inner: MapHandle) =>
		createMap({ name: "outer", type, keySize: 4, valueSize: 4, maxEntries: 4, inner });

	test(`${title} holds maps by number, and opens them`, (t) => {
		using first = innerMap(1);
		using second = innerMap(2);
		using outerMap = create(first);
		const outer = open(outerMap);
		outer.set(1, first);
		outer.set(3, second);
		t.is(outer.id(1), first.info.id);
		t.deepEqual([...outer.entries()].sort(), [
			[1, first.info.id],
			[3, second.info.id],
		]);
		t.is(outer.count(), 2);
		using found = outer.open(3);
		t.is(found && openArray(found, { value: u32 }).get(0), 2);
	});

	test(`${title} says undefined and false where there is no map`, (t) => {
		using inner = innerMap(1);
		using outerMap = create(inner);
		const outer = open(outerMap);
		t.is(outer.id(0), undefined);
		t.is(outer.open(0), undefined);
		t.false(outer.has(0));
		t.false(outer.delete(0));
		outer.set(0, inner);
		t.true(outer.has(0));
		t.true(outer.delete(0));
		outer.set(0, inner);
		outer.clear();
		t.deepEqual([...outer.keys()], []);
	});

	test(`${title} refuses a map of another shape`, (t) => {
		using inner = innerMap(1);
		using other = createMap({ name: "other", type: "hash", keySize: 4, valueSize: 8, maxEntries: 1 });
		using outerMap = create(inner);
		const error = t.throws<MapError>(() => open(outerMap).set(0, other), { instanceOf: MapError });
		t.is(error?.code, "MAP_INCOMPATIBLE");
		t.true(error?.message.startsWith("other cannot go into outer"));
	});

	test(`${title} that is full is MAP_FULL`, (t) => {
		using inner = innerMap(1);
		using outerMap = create(inner);
		const outer = open(outerMap);
		for (const key of [0, 1, 2, 3]) outer.set(key, inner);
		t.is(t.throws<MapError>(() => outer.set(4, inner), { instanceOf: MapError })?.code, "MAP_FULL");
	});
}

test("a program reads the map that was swapped in as soon as set returns", (t) => {
	using object = loadC("maps.bpf.c");
	const { outer: outerMap } = object.maps;
	const { read_inner } = object.programs;
	if (outerMap === undefined || read_inner === undefined) return t.fail();
	const outer = openArrayOfMaps(outerMap);
	const read = () => read_inner.testRun({ data: PACKET }).returnValue;
	t.is(read(), 0);
	for (let round = 1; round <= 20; round++) {
		using next = innerMap(round);
		outer.set(0, next);
		t.is(read(), round);
	}
	outer.delete(0);
	t.is(read(), 0);
});

test("a map that is gone cannot be opened by its number", (t) => {
	const map = innerMap(1);
	const { id } = map.info;
	map.close();
	t.is(openMapById(id), undefined);
});
