import { readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { cliReference } from "./cli-reference.ts";

const file = new URL("../../docs/cli.md", import.meta.url);

test("docs/cli.md is what the option tables say", (t) => {
	if (process.env.UPDATE_DOCS) writeFileSync(file, cliReference());
	t.is(readFileSync(file, "utf8"), cliReference(), "UPDATE_DOCS=1 writes it anew");
});
