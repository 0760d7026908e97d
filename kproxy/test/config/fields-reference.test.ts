import { readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { FIELDS } from "../../src/config/fields.ts";

const file = new URL("../../docs/replace-kube-proxy.md", import.meta.url);
const MARK = /^<!-- fields: .*-->\n/m;

test("docs/replace-kube-proxy.md says of each field what becomes of it, or why nothing does", (t) => {
	const text = readFileSync(file, "utf8");
	const [mark = ""] = MARK.exec(text) ?? [];
	const wanted = `${text.slice(0, text.indexOf(mark))}${mark}\n${tables()}`;
	if (process.env.UPDATE_DOCS) writeFileSync(file, wanted);
	t.not(mark, "");
	t.is(readFileSync(file, "utf8"), wanted, "UPDATE_DOCS=1 writes it anew");
});

function tables(): string {
	const fields = Object.entries(FIELDS);
	const mapped = fields.filter(([, { becomes }]) => becomes !== undefined);
	const ignored = fields.filter(([, { why }]) => why !== undefined);
	return [
		"| field | becomes |\n| --- | --- |\n",
		...mapped.map(([path, { becomes }]) => `| \`${path}\` | ${becomes} |\n`),
		"\nWithout meaning here:\n\n| field | why |\n| --- | --- |\n",
		...ignored.map(([path, { why }]) => `| \`${path}\` | ${why} |\n`),
	].join("");
}
