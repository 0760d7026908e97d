import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "ava";
import { u64 } from "bpf-loader";
import { loadC, PACKET } from "./compile.ts";
import { follow } from "./readme-ring.ts";

test("The README's first example prints what the README says", (t) => {
	const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
	const said = /^```text\n(.*?)^```$/ms.exec(readme)?.[1] ?? "";
	const example = fileURLToPath(new URL("readme-tables.ts", import.meta.url));
	const printed = execFileSync(process.execPath, ["--conditions=source", example], { encoding: "utf8" });
	t.is(printed, said);
});

test("The README's second example follows a ring buffer and counts what was lost", async (t) => {
	using object = loadC("maps.bpf.c");
	const { events, events_lost } = object.maps;
	const { emit } = object.programs;
	if (!events || !events_lost || !emit) return t.fail();
	const written = 500;
	for (let run = 0; run < written; run++) emit.testRun({ data: PACKET });
	const abort = new AbortController();
	const numbers: bigint[] = [];
	const handle = (number: bigint) => {
		numbers.push(number);
		if (numbers.length === 50) abort.abort();
	};
	const lost = await follow({ events, events_lost }, { event: u64, handle, signal: abort.signal });
	t.deepEqual(numbers.slice(0, 4), [0n, 1n, 3n, 4n]);
	t.is(numbers.length, 50);
	t.is(lost, BigInt(written - Math.floor(4096 / 24)));
});
