import type { Stored } from "./store.ts";

/** Whether an object is selected by the subset `key`, `!key`, `key=value`, `key!=value`, joined by commas. */
export function parseSelector(text: string): (object: Stored) => boolean {
	const tests = text
		.split(",")
		.filter((part) => part !== "")
		.map(parseTerm);
	return ({ labels }) => tests.every((test) => test(labels));
}

function parseTerm(term: string): (labels: Readonly<Record<string, string>>) => boolean {
	if (term.startsWith("!")) return (labels) => !(term.slice(1) in labels);
	const [, key = "", operator, value] = /^([^=!]+)(!=|==?)(.*)$/.exec(term) ?? [];
	if (operator === undefined) return (labels) => term in labels;
	return (labels) => (labels[key] === value) !== (operator === "!=");
}
