/** Widest line that is written, with tabs counted as two columns as biome does. */
const widestLine = 110;

/** `text` indented by `depth` tabs, line by line. */
export function indent(text: string, depth = 1): string {
	return text.replace(/^(?=.)/gm, "\t".repeat(depth));
}

/** Whether a line of this text, this deep, is short enough. */
export function fits(text: string, depth = 0): boolean {
	return text.length + depth * 2 <= widestLine;
}

/** `name(a, b)` with `end` behind it, on one line where that fits, else one argument a line. */
export function call(
	name: string,
	callArguments: readonly string[],
	{ depth, end }: { depth: number; end: string },
): string {
	const line = `${name}(${callArguments.join(", ")})${end}`;
	if (fits(line, depth)) return line;
	return `${name}(\n${callArguments.map((argument) => `\t${argument},\n`).join("")})${end}`;
}

/** `open item, item close` on one line where that fits, else one item a line. */
export function list(items: readonly string[], { open, close }: { open: string; close: string }): string {
	const line = `${open} ${items.join(", ")} ${close}`;
	if (fits(line)) return line;
	return `${open}\n${items.map((item) => `\t${item},\n`).join("")}${close}`;
}

/** An object literal or interface body with one line (or lines) an entry; `{}` where there are none. */
export function block(entries: readonly string[]): string {
	return entries.length === 0 ? "{}" : `{\n${indent(entries.join("\n"))}\n}`;
}

/** `name: value,`, with the value on a line of its own where one line is too short. Biome keeps it behind the shortest names. */
export function property(name: string, value: string, depth: number): string {
	const line = `${name}: ${value},`;
	return fits(line, depth) || name.length < 5 ? line : `${name}:\n\t${value},`;
}

/** A doc comment and a line break behind it, wrapped at the widest line; nothing where there is no sentence. */
export function docComment(sentence: string | undefined, depth = 0): string {
	if (!sentence) return "";
	const safe = sentence.replaceAll("*/", "*\u200b/").replace(/\s+/g, " ");
	const line = `/** ${safe} */`;
	if (fits(line, depth)) return `${line}\n`;
	return `/**\n${wrap(safe, widestLine - depth * 2 - 3)
		.map((part) => ` * ${part}\n`)
		.join("")} */\n`;
}

function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	for (const word of text.split(" ")) {
		const last = lines.at(-1);
		if (last !== undefined && last.length + 1 + word.length <= width)
			lines[lines.length - 1] = `${last} ${word}`;
		else lines.push(word);
	}
	return lines;
}
