import test from "ava";
import { BpfError, type VariableSpec, type VariableValue } from "../../src/index.ts";
import { encodeVariable, sectionContents } from "../../src/object/variable-values.ts";
import { compileSpec } from "../btf/compile.ts";

const variable = (facts: Partial<VariableSpec>): VariableSpec => ({
	name: "tunable",
	section: ".rodata",
	constant: true,
	offset: 0,
	size: 4,
	typeId: 1,
	format: "unsigned",
	bigEndian: false,
	initial: new Uint8Array(facts.size ?? 4),
	...facts,
});

const fitting: readonly [facts: Partial<VariableSpec>, value: VariableValue, hex: string][] = [
	[{ size: 1 }, 255, "ff"],
	[{ size: 2 }, 0x1234, "3412"],
	[{ size: 2, bigEndian: true }, 0x1234, "1234"],
	[{ size: 4 }, 0xffff_ffff, "ffffffff"],
	[{ size: 4 }, true, "01000000"],
	[{ size: 8 }, 2n ** 64n - 1n, "ffffffffffffffff"],
	[{ size: 8 }, 1, "0100000000000000"],
	[{ size: 8, bigEndian: true }, 1n, "0000000000000001"],
	[{ size: 1, format: "signed" }, -128, "80"],
	[{ size: 4, format: "signed" }, -1, "ffffffff"],
	[{ size: 8, format: "signed" }, -(2n ** 63n), "0000000000000080"],
	[{ size: 1, format: "boolean" }, true, "01"],
	[{ size: 1, format: "boolean" }, 0, "00"],
	[{ size: 4, format: "float" }, 1.5, "0000c03f"],
	[{ size: 8, format: "float" }, -2, "00000000000000c0"],
	[{ size: 3, format: "bytes" }, Uint8Array.of(1, 2, 3), "010203"],
	[{ size: 4 }, Uint8Array.of(1, 2, 3, 4), "01020304"],
];

test("A value that fits becomes the variable's bytes", (t) => {
	for (const [facts, value, hex] of fitting) {
		t.is(
			Buffer.from(encodeVariable(variable(facts), value)).toString("hex"),
			hex,
			`${value} as ${JSON.stringify(facts)}`,
		);
	}
});

const wrong: readonly [facts: Partial<VariableSpec>, value: VariableValue, message: RegExp][] = [
	[{ size: 1 }, 256, /it takes 0 to 255, not 256$/],
	[{ size: 4 }, -1, /it takes 0 to 4294967295, not -1$/],
	[{ size: 8 }, 2n ** 64n, /it takes 0 to 18446744073709551615, not 18446744073709551616$/],
	[{ size: 1, format: "signed" }, 128, /it takes -128 to 127, not 128$/],
	[{ size: 4 }, 1.5, /it takes an integer, not 1.5$/],
	[{ size: 4 }, Number.NaN, /it takes an integer, not NaN$/],
	[{ size: 1, format: "boolean" }, 2, /it is a bool and takes true or false, not 2$/],
	[{ size: 4, format: "float" }, true, /it takes a number, not true$/],
	[{ size: 16, format: "bytes" }, 5, /takes a Uint8Array of 16 bytes$/],
	[{ size: 16, format: "bytes" }, new Uint8Array(4), /it has 16 bytes, not 4$/],
];

test("A value that does not fit is refused in one line that names the variable", (t) => {
	for (const [facts, value, message] of wrong) {
		const error = t.throws(() => encodeVariable(variable(facts), value), { instanceOf: BpfError, message });
		t.is(error.code, "VARIABLE_BAD_VALUE");
		t.regex(error.message, /^cannot set variable tunable: /);
	}
});

test("Setting one variable leaves the rest of its section as it is in the file, also what BTF does not name", (t) => {
	const spec = compileSpec(`
const volatile __u32 first = 1;
const volatile __u32 second = 2;
SEC("tc") int prog(struct __sk_buff *c) { return first + second; }`);
	const contents = sectionContents(spec, { second: 9 });
	t.deepEqual([...contents.keys()], [".rodata"]);
	t.deepEqual(
		[...new Uint32Array(contents.get(".rodata")?.slice().buffer ?? new ArrayBuffer(0))].sort(),
		[1, 9],
	);
	t.is(sectionContents(spec, {}).size, 0);
	t.throws(() => sectionContents(spec, { toString: 1 }), {
		code: "VARIABLE_UNKNOWN",
		message: /has no global variable toString; it has: first, second/,
	});
});
