import test from "ava";
import { suggest } from "../../src/commands/suggest.ts";
import { formatJson, formatTable } from "../../src/commands/table.ts";

test("Columns align under their headings without borders or trailing space", (t) => {
	const text = formatTable(
		["NAME", "USE"],
		[
			["svc_frontends", "3"],
			["svc", "1000"],
		],
	);
	t.is(text, "NAME            USE\nsvc_frontends   3\nsvc             1000\n");
});

test("A table without rows is its headings", (t) => {
	t.is(formatTable(["NAME", "USE"], []), "NAME   USE\n");
});

test("Control characters in a name cannot move the cursor of whoever reads the table", (t) => {
	t.is(formatTable(["NAME"], [["a\u001b[2Jb\nc"]]), "NAME\na\\u001b[2Jb\\nc\n");
});

test("JSON has big integers as text", (t) => {
	t.is(formatJson({ packets: 2n ** 60n }), '{\n  "packets": "1152921504606846976"\n}\n');
});

for (const [word, expected] of [
	["statsu", "status"],
	["stat", "status"],
	["front", undefined],
	["dmup", "dump"],
	["x", undefined],
	["backend", "backends"],
] as const) {
	test(`${word} suggests ${expected ?? "nothing"}`, (t) => {
		t.is(suggest(word, ["status", "dump", "frontends", "backends"]), expected);
	});
}
