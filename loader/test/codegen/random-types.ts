import { bigEndians, type CMember, type CRecord, type CType, type EnumType, integers } from "./c-types.ts";
import type { Random } from "./random.ts";

/** Random types: the enums and named records in an order in which C can define them, and the records to test. */
export interface RandomTypes {
	enums: readonly EnumType[];
	/** Every named record, those within others first. */
	records: readonly CRecord[];
	tested: readonly CRecord[];
}

interface State {
	random: Random;
	enums: readonly EnumType[];
	records: CRecord[];
	/** Member names are unique, so that anonymous records cannot clash. */
	names: number;
}

/** `wideEnums`: the compiler writes 64-bit enums whole (clang 15 or later). */
export function randomTypes(
	random: Random,
	{ count, wideEnums }: { count: number; wideEnums: boolean },
): RandomTypes {
	const sizes = wideEnums ? [8, 16, 32, 64] : [8, 16, 32];
	const enums = sizes.flatMap((bits) => [randomEnum(random, bits, false), randomEnum(random, bits, true)]);
	const state: State = { random, enums, records: [], names: 0 };
	const tested = Array.from({ length: count }, () => namedRecord(state, "struct", 0));
	return { enums, records: state.records, tested };
}

/** Its lowest and highest value force the size that it is to have. */
function randomEnum(random: Random, bits: number, signed: boolean): EnumType {
	const reach = BigInt(bits === 32 ? 31 : bits) - (signed ? 1n : 0n);
	const low = signed ? -1n : 0n;
	const values = [low, 1n, 2n + random.bits(Number(reach) - 2), (1n << reach) - 1n];
	return { kind: "enum", tag: `e${signed ? "s" : "u"}${bits}`, bits, signed, values };
}

function namedRecord(state: State, keyword: CRecord["keyword"], depth: number): CRecord {
	const members = randomMembers(state, depth);
	const tag = `${keyword === "struct" ? "s" : "u"}${state.records.length}`;
	const record = { keyword, tag, packed: state.random.oneIn(4), members };
	state.records.push(record);
	return record;
}

function randomMembers(state: State, depth: number): CMember[] {
	const count = 1 + state.random.below(depth === 0 ? 8 : 4);
	return Array.from({ length: count }, () => randomMember(state, depth));
}

function randomMember(state: State, depth: number): CMember {
	const { random } = state;
	if (depth < 2 && random.oneIn(8)) return { name: "", type: anonymousRecord(state, depth + 1), bits: 0 };
	const name = `m${state.names++}_${random.pick(["a", "port", "long_name"])}`;
	if (random.oneIn(4)) return bitField(state, name);
	return { name, type: randomType(state, depth), bits: 0 };
}

function anonymousRecord(state: State, depth: number): CType {
	const keyword = state.random.pick(["struct", "union"] as const);
	const members = randomMembers(state, depth);
	return { kind: "record", record: { keyword, tag: "", packed: false, members } };
}

function bitField({ random, enums }: State, name: string): CMember {
	if (random.oneIn(6)) return { name, type: { kind: "bool" }, bits: 1 };
	if (random.oneIn(6)) {
		const type = random.pick(enums);
		return { name, type, bits: type.bits };
	}
	const type = random.pick(integers.filter(({ bits }) => bits <= 64));
	return { name, type, bits: 1 + random.below(type.bits) };
}

function randomType(state: State, depth: number): CType {
	const { random, enums } = state;
	const nested = (): CType => {
		if (depth >= 2) return random.pick(integers);
		return {
			kind: "record",
			record: namedRecord(state, random.pick(["struct", "union"] as const), depth + 1),
		};
	};
	const array = (): CType => {
		const element = random.oneIn(4) ? nested() : randomType(state, 2);
		// Arrays of these bytes are other types: text and raw bytes.
		const special = element.kind === "integer" && element.bits === 8 && element.name !== "__s8";
		return {
			kind: "array",
			element: special ? random.pick(bigEndians) : element,
			count: 1 + random.below(3),
		};
	};
	const make = random.pick<() => CType>([
		() => random.pick(integers),
		() => random.pick(integers),
		() => random.pick(bigEndians),
		() => random.pick(enums),
		() => ({ kind: "bool" }),
		() => ({ kind: "float", name: random.pick(["float", "double"] as const) }),
		() => ({ kind: "address", size: random.pick([4, 16] as const) }),
		() => ({ kind: "text", size: 1 + random.below(16) }),
		() => ({ kind: "bytes", size: 1 + random.below(9) }),
		array,
		nested,
	]);
	return make();
}
