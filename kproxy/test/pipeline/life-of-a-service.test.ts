import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { parseAllDocuments } from "yaml";
import type { SlotRange } from "../../src/dataplane/generated/sock_lb.ts";
import { addressAndPort, protocolText } from "../../src/dataplane/tables.ts";
import { createModel } from "../../src/model/model.ts";
import { type ApiObject, KINDS } from "../../src/model/objects.ts";
import { parseObject } from "../../src/model/parse-object.ts";
import { createPipeline } from "../../src/pipeline.ts";
import { fakeTables } from "../dataplane/fake-tables.ts";
import { come } from "../model/objects.ts";

const guide = new URL("../../docs/life-of-a-service.md", import.meta.url);
const text = readFileSync(guide, "utf8");

interface Anchor {
	/** Function, type, constant or C function. */
	name: string;
	path: string;
}

const anchors: Anchor[] = [...text.matchAll(/\[`(\w+)`\]\(([^)]+)\)/g)].map(([, name = "", path = ""]) => ({
	name,
	path,
}));

/** Where the thing is made, not where it is used. */
function defines(source: string, name: string): boolean {
	const typescript = new RegExp(`\\b(function\\*?|const|class|interface|type)\\s+${name}\\b`);
	const c = new RegExp(`^(#define ${name}\\b|(static|int)\\b[^;{]*\\b${name}\\()`, "m");
	return typescript.test(source) || c.test(source);
}

for (const { name, path } of anchors) {
	test(`life-of-a-service.md finds ${name} in ${path}`, (t) => {
		const file = new URL(path, guide);
		t.true(existsSync(file), `${path} is gone`);
		t.true(defines(readFileSync(file, "utf8"), name), `${name} is not defined in ${path}`);
	});
}

test("life-of-a-service.md has only links that lead somewhere, and many that lead to code", (t) => {
	const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, path = ""]) => path);
	for (const path of links) t.true(existsSync(new URL(path, guide)), path);
	t.true(anchors.length > 30);
});

/** Rows of the tables of the guide, cell by cell. */
const cells = text
	.split("\n")
	.filter((line) => line.startsWith("| "))
	.map((line) =>
		line
			.slice(2, -2)
			.split(" | ")
			.map((cell) => cell.replaceAll("`", "")),
	);

function exampleObjects(): ApiObject[] {
	const yaml = readFileSync(new URL("../examples/web.yaml", guide), "utf8");
	return parseAllDocuments(yaml).flatMap((document) => {
		const raw = document.toJS();
		const kind = KINDS.find((each) => each === raw.kind);
		const { object } = kind ? parseObject(kind, raw, { origin: "manifest", intern: (each) => each }) : {};
		return object ?? [];
	});
}

test("the rows that life-of-a-service.md shows are those of the example", (t) => {
	const model = createModel();
	model.update(come(...exampleObjects()));
	const rows = [...model.rows()].map(([id, row]) => [
		id,
		row.frontends.map(addressAndPort).join(" "),
		row.endpoints.map(addressAndPort).join(" "),
	]);
	t.deepEqual(
		cells.filter(([id]) => id?.startsWith("default/web:")),
		rows,
	);
});

function runText(range: SlotRange | undefined): string {
	return `slots from ${range?.first}, count ${range?.count}`;
}

test("the entries that life-of-a-service.md shows are those of the example", (t) => {
	const tables = fakeTables();
	const pipeline = createPipeline({ tables, onReport() {} });
	pipeline.pass({ changes: come(...exampleObjects()), synced: true });
	const { frontends, guards, slots, backends, names, ranges } = tables.content();
	const [[number, name] = []] = names;
	const [[key, frontend] = []] = frontends;
	const shown = [...backends].map(([number, cell]) => {
		const state = cell.state === 1 ? "active" : "terminating";
		return [
			"svc_backends",
			`${number}`,
			`${addressAndPort(cell)} ${protocolText(cell.protocol)} ${state}, reuse ${cell.reuse}`,
		];
	});
	t.deepEqual(
		cells.filter(([map]) => map?.startsWith("svc_")),
		[
			...shown.slice(0, 3),
			["svc_slots", "0, 1, 2", [0, 1, 2].map((slot) => slots.get(slot)).join(", ")],
			["svc_names", `${number}`, `${name?.namespace}/${name?.name}, port ${name?.port}`],
			[
				"svc_frontends",
				key ?? "",
				`internal ${runText(frontend?.internal)}, external ${runText(frontend?.external)}, service ${frontend?.service}`,
			],
			["svc_frontends", `${guards[0]}:0/any`, "the guard: no slots, service 0"],
		],
	);
	t.deepEqual([...backends.keys()].slice(3), [4, 5, 6]);
	t.deepEqual([...slots.keys()].slice(3), [3, 4, 5]);
	t.deepEqual([...names.keys()], [1, 2]);
	t.is(ranges.size, 0);
});
