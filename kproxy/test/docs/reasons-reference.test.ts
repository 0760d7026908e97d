import { readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { reasonsReference } from "./reasons-reference.ts";

const file = new URL("../../docs/reasons.md", import.meta.url);

test("docs/reasons.md is what reasons.h says", (t) => {
	if (process.env.UPDATE_DOCS) writeFileSync(file, reasonsReference());
	t.is(readFileSync(file, "utf8"), reasonsReference(), "UPDATE_DOCS=1 writes it anew");
});
