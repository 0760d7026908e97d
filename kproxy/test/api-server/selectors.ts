import type { Stored } from "./store.ts";

/** Whether an object is selected by `labelSelector` and `fieldSelector` of a query. */
export function parseSelectors(query: URLSearchParams): (object: Stored) => boolean {
	const byLabels = parseLabels(query.get("labelSelector") ?? "");
	const byFields = parseFields(query.get("fieldSelector") ?? "");
	return (object) => byLabels(object) && byFields(object);
}

/** Servers know few fields; of all kinds they know the name and the namespace, and of pods the phase. */
function parseFields(text: string): (object: Stored) => boolean {
	const tests = text
		.split(",")
		.filter((term) => term !== "")
		.map((term) => {
			const [, field, operator, value] =
				/^(metadata\.name|metadata\.namespace|status\.phase)(!=|==?)(.*)$/.exec(term) ?? unknownField(term);
			return (object: Stored) => (fieldOf(object, field) === value) !== (operator === "!=");
		});
	return (object) => tests.every((test) => test(object));
}

function fieldOf(object: Stored, field: string | undefined): string {
	if (field === "metadata.name") return object.name;
	return field === "metadata.namespace" ? object.namespace : (JSON.parse(object.json).status?.phase ?? "");
}

function unknownField(term: string): never {
	throw new Error(`the test API server does not know the field selector ${term}`);
}

/** Whether an object is selected by the subset `key`, `!key`, `key=value`, `key!=value`, joined by commas. */
function parseLabels(text: string): (object: Stored) => boolean {
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
