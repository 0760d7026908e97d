import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import test from "ava";
import { type Codec, decodeValue, type Layout, layoutFinder, parseBtf } from "../../src/index.ts";
import { openSpec } from "../../src/spec/open-spec.ts";
import { compileObject, compilers, mapOf, newPath } from "../btf/compile.ts";
import { choicesOf, expectedLines, mirrorProgram, typeDefinitions } from "./c-mirror.ts";
import type { CType } from "./c-types.ts";
import { chosenProperty, codecNameOf, propertiesOf, toCodecValue } from "./codec-values.ts";
import { encode, hex, importGenerated, viewOf } from "./generate.ts";
import { seededRandom } from "./random.ts";
import { type RandomTypes, randomTypes } from "./random-types.ts";
import { type CValue, randomValue } from "./random-values.ts";

const structCount = 240;
const valuesEach = 20;
const seed = 0x5eed;

/** One value on its way: by TypeScript into bytes, by C out of them. */
interface Case {
	number: number;
	type: CType & { kind: "record" };
	value: CValue;
	codec: Codec<unknown>;
	codecValue: unknown;
	bytes: Uint8Array;
}

for (const compiler of compilers) {
	test(`what TypeScript writes into ${structCount} random structs of ${compiler} C reads, and the other way round`, async (t) => {
		const random = seededRandom(seed);
		const types = randomTypes(random, { count: structCount, wideEnums: compiler !== "clang" });
		const { module, plain, layouts } = await generate(types, compiler);
		const cases = types.tested.flatMap((record, number): Case[] => {
			const type = { kind: "record", record } as const;
			const codec = module[codecNameOf(record)] as Codec<unknown>;
			return Array.from({ length: valuesEach }, () => {
				const value = randomValue(random, type);
				const codecValue = toCodecValue(module, type, value);
				return { number, type, value, codec, codecValue, bytes: encode(codec, codecValue) };
			});
		});
		const answers = runMirror(types, cases);
		t.deepEqual(layouts, answers.layouts);
		for (const [index, each] of cases.entries()) {
			const label = `struct ${each.type.record.tag}, value ${index % valuesEach}`;
			const answer = answers.cases[index];
			t.deepEqual(answer?.lines, expectedLines(each.type, each.value), `${label}: what C reads`);
			t.is(answer?.zero, hex(each.bytes), `${label}: what C writes`);
			const dirty = each.codec.decode(viewOf(Buffer.from(answer?.dirty ?? "", "hex")), 0);
			t.true(matches(each.type, each.value, dirty), `${label}: what TypeScript reads of C, padding aside`);
			const decoded = each.codec.decode(viewOf(each.bytes), 0);
			t.true(matches(each.type, each.value, decoded), `${label}: what TypeScript reads`);
			t.deepEqual(encode(each.codec, decoded), each.bytes, `${label}: written again`);
			const shown = plain(each.type.record.tag, each.bytes);
			t.deepEqual(shown, toPlain(each.type, decoded), `${label}: the run-time decoder`);
		}
	});
}

/** The generated module, the run-time decoder, and layouts as the C program prints them. */
async function generate(types: RandomTypes, compiler: string) {
	const source = [
		typeDefinitions(types),
		...types.tested.map(({ tag }) => `${mapOf(`struct ${tag}`, `map_${tag}`)};\n`),
	];
	const spec = openSpec(compileObject(source.join("\n"), compiler));
	const module = await importGenerated(spec);
	const btf = parseBtf(spec.btf);
	const idOf = (tag: string) => spec.maps[`map_${tag}`]?.valueTypeId ?? 0;
	const layoutOf = layoutFinder(btf);
	const ids = new Map(btf.types.map((type, id) => ["name" in type ? type.name : "", id]));
	return {
		module,
		plain: (tag: string, bytes: Uint8Array) => decodeValue(btf, idOf(tag), bytes),
		layouts: types.records.map(({ tag }) => layoutLine(layoutOf(ids.get(tag) ?? 0))),
	};
}

/** `s3 16 m1_a:0 m2_a:8`, in the order of declaration; anonymous records of the other kind with their own members. */
function layoutLine(layout: Layout): string {
	if (layout.kind !== "struct" && layout.kind !== "union") throw new Error(`${layout.cName} is no record`);
	return [`${layout.cName.replace(/.* /, "")} ${layout.size}`, ...offsets(layout, 0)].join(" ");
}

function offsets({ fields }: Extract<Layout, { kind: "struct" | "union" }>, start: number): string[] {
	return fields.flatMap(({ name, bits, offset, layout }) => {
		if (bits) return [];
		const anonymous =
			/^(struct|union)\d+$/.test(name) && (layout.kind === "struct" || layout.kind === "union");
		return anonymous ? offsets(layout, start + offset) : [`${name}:${start + offset}`];
	});
}

interface Answer {
	lines: string[];
	zero: string;
	dirty: string;
}

function runMirror(types: RandomTypes, cases: readonly Case[]): { layouts: string[]; cases: Answer[] } {
	const source = newPath(".c");
	const program = source.replace(/\.c$/, "");
	writeFileSync(source, mirrorProgram(types));
	execFileSync("clang", ["-O0", "-w", "-o", program, source]);
	const input = cases.map(({ number, type, value, bytes }) => {
		const choices = hex(Uint8Array.from(choicesOf(type, value)));
		return `${number} ${choices} ${hex(bytes)}\n`;
	});
	const output = execFileSync(program, { input: input.join(""), encoding: "utf8", maxBuffer: 1 << 28 });
	const lines = output.trimEnd().split("\n");
	const layouts = lines.splice(0, types.records.length);
	const answers: Answer[] = [];
	let leaves: string[] = [];
	for (const line of lines) {
		if (line.startsWith("= ")) answers.push({ lines: leaves, zero: line.slice(2), dirty: "" });
		else if (line.startsWith("~ ")) {
			Object.assign(answers.at(-1) ?? {}, { dirty: line.slice(2) });
			leaves = [];
		} else leaves.push(line);
	}
	return { layouts, cases: answers };
}

/** Whether a decoded value is the one of the model; of a union, whether the member that it holds is. */
function matches(type: CType, value: CValue, decoded: unknown): boolean {
	if (value instanceof Uint8Array) {
		const expected = toCodecValue({}, type, value);
		return expected instanceof Uint8Array
			? Buffer.from(expected).equals(decoded as Uint8Array)
			: expected === decoded;
	}
	if (typeof value !== "object") return Object.is(toCodecValue({}, type, value), decoded);
	if (type.kind === "array") {
		const items = decoded as readonly unknown[];
		return (value as readonly CValue[]).every((item, index) => matches(type.element, item, items[index]));
	}
	return type.kind === "record" && matchesRecord(type.record, value, decoded as Record<string, unknown>);
}

function matchesRecord(
	record: (CType & { kind: "record" })["record"],
	value: CValue,
	decoded: Record<string, unknown>,
) {
	if (record.keyword === "union") {
		const { property, member, inner } = chosenProperty(record, value);
		return matches(member.type, inner, decoded[property]);
	}
	return propertiesOf(record).every(({ property, member, path }) => {
		let inner = value;
		for (const index of path) inner = (inner as { values: readonly CValue[] }).values[index] as CValue;
		return matches(member.type, inner, decoded[property]);
	});
}

/** What `decodeValue` is documented to make of a value that a generated codec has decoded. */
function toPlain(type: CType, decoded: unknown): unknown {
	if (type.kind === "enum") {
		const index = type.values.findIndex((value) => String(value) === String(decoded));
		if (index >= 0) return `V${index}`;
	}
	if (typeof decoded === "bigint") {
		return decoded > -(2n ** 53n) && decoded < 2n ** 53n ? Number(decoded) : String(decoded);
	}
	if (decoded instanceof Uint8Array) return hex(decoded);
	if (type.kind === "array")
		return (decoded as readonly unknown[]).map((item) => toPlain(type.element, item));
	if (type.kind !== "record") return decoded;
	return Object.fromEntries(
		propertiesOf(type.record).map(({ property, member }) => {
			return [property, toPlain(member.type, (decoded as Record<string, unknown>)[property])];
		}),
	);
}
