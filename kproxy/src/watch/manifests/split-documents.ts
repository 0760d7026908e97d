import { createJsonNesting } from "../json-nesting.ts";

/** A part of a file that is parsed by itself. */
export interface FilePart {
	text: string;
	/** Where it begins in the file, from 1. */
	line: number;
}

/**
 * Objects of a JSON file that follow each other without anything between them, as kubectl takes them, one by one. YAML,
 * and JSON that does not look like this, comes back whole: the YAML parser knows `---` itself.
 */
export function splitDocuments(text: string, json: boolean): readonly FilePart[] {
	if (!json) return [{ text, line: 1 }];
	const parts: FilePart[] = [];
	const nesting = createJsonNesting();
	let start = 0;
	let startLine = 1;
	let line = 1;
	for (let at = 0; at < text.length; at += 1) {
		const code = text.charCodeAt(at);
		if (code === NEWLINE) line += 1;
		if (nesting.step(code) !== 0) continue;
		parts.push({ text: text.slice(start, at + 1), line: startLine });
		start = at + 1;
		startLine = line;
	}
	const rest = text.slice(start);
	if (rest.trim() !== "") parts.push({ text: rest, line: startLine });
	return parts;
}

const NEWLINE = 0x0a;
