import Table from "cli-table3";

const NO_BORDERS = {
	top: "",
	"top-mid": "",
	"top-left": "",
	"top-right": "",
	bottom: "",
	"bottom-mid": "",
	"bottom-left": "",
	"bottom-right": "",
	left: "",
	"left-mid": "",
	mid: "",
	"mid-mid": "",
	right: "",
	"right-mid": "",
	middle: "   ",
};

/** Aligned columns under headings in capitals, no borders, one line a row; ends with a newline. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
	const table = new Table({
		head: [...headings],
		chars: NO_BORDERS,
		style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
	});
	table.push(...rows.map((row) => row.map(escapeControls)));
	return `${withoutTrailingSpace(table.toString())}\n`;
}

/** JSON as every `-o json` prints it: indented, bigint as text, newline at the end. */
export function formatJson(value: unknown): string {
	return `${JSON.stringify(value, (_, field: unknown) => (typeof field === "bigint" ? field.toString() : field), 2)}\n`;
}

/** Names come from the API or the kernel: a line break or escape sequence in one must not act on the terminal. */
export function escapeControls(text: string): string {
	return text.replace(/\p{Cc}/gu, (character) =>
		character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

function withoutTrailingSpace(text: string): string {
	return text.replace(/[ \t]+$/gm, "");
}
