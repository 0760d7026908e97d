/** Where in an object, as in `["spec", "ports", 0, "port"]`. */
export type FieldPath = readonly (string | number)[];

/** One wrong field; the message reads on from the path: `spec.ports[0].port` + `is 70000; ports are 1 to 65535`. */
export interface FieldProblem {
	path: FieldPath;
	message: string;
}

/** What the parse functions share while they read one object. */
export interface ParseContext {
	/**
	 * `api`: names, addresses and counts were checked by an API server, so only what would break the readers is.
	 * `manifest`: written by people, checked as an API server would.
	 */
	origin: "api" | "manifest";
	problems: FieldProblem[];
	/** Returns one and the same string for equal strings: namespaces and node names come 100,000 times. */
	intern(text: string): string;
}

/** The value as a mapping; undefined with a problem where it is something else, silently where it is missing. */
export function asRecord(
	value: unknown,
	path: FieldPath,
	context: ParseContext,
): Readonly<Record<string, unknown>> | undefined {
	if (value === undefined || value === null) return undefined;
	if (typeof value === "object" && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
	context.problems.push({ path, message: `is ${show(value)}; it must be a mapping` });
	return undefined;
}

/** The value as a list; empty where it is missing or null, as the API has it, and with a problem where it is no list. */
export function asList(value: unknown, path: FieldPath, context: ParseContext): readonly unknown[] {
	if (value === undefined || value === null) return [];
	if (Array.isArray(value)) return value;
	context.problems.push({ path, message: `is ${show(value)}; it must be a list` });
	return [];
}

/** The value as text; empty where it is missing, and with a problem where it is no text. */
export function asText(value: unknown, path: FieldPath, context: ParseContext): string {
	if (typeof value === "string") return value;
	if (value !== undefined && value !== null) {
		context.problems.push({ path, message: `is ${show(value)}; it must be text${quoteHint(value)}` });
	}
	return "";
}

/** One of the values; `fallback` where it is missing, and with a problem where it is none of them. */
export function asOneOf<const T extends string>(
	value: unknown,
	{ path, choices, fallback }: { path: FieldPath; choices: readonly T[]; fallback: T },
	context: ParseContext,
): T {
	if (value === undefined || value === null) return fallback;
	for (const choice of choices) if (choice === value) return choice;
	// A mapping that calls a field toString cannot be made text.
	const text = typeof value === "string" ? value.toLowerCase() : undefined;
	const close = choices.find((choice) => choice.toLowerCase() === text);
	const hint = close === undefined ? `it must be one of ${choices.join(", ")}` : `write ${close}`;
	context.problems.push({ path, message: `is ${show(value)}; ${hint}` });
	return fallback;
}

/** The value as true or false; `fallback` where it is missing. */
export function asFlag(
	value: unknown,
	{ path, fallback }: { path: FieldPath; fallback: boolean },
	context: ParseContext,
): boolean {
	if (typeof value === "boolean") return value;
	if (value !== undefined && value !== null) {
		context.problems.push({ path, message: `is ${show(value)}; it must be true or false` });
	}
	return fallback;
}

/** A port number 1 to 65535; undefined, with a problem, where it is anything else. */
export function asPort(value: unknown, path: FieldPath, context: ParseContext): number | undefined {
	if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535) return value;
	context.problems.push({ path, message: portMessage(value) });
	return undefined;
}

function portMessage(value: unknown): string {
	if (value === undefined || value === null) return "is missing; it must be a number from 1 to 65535";
	if (typeof value === "string" && /^\d+$/.test(value)) {
		return `is the text ${show(value)}; write the number without quotes`;
	}
	return `is ${show(value)}; ports are numbers from 1 to 65535`;
}

function quoteHint(value: unknown): string {
	return typeof value === "number" || typeof value === "boolean" ? ", so put it in quotes" : "";
}

/** A value in a message: short, on one line. */
export function show(value: unknown): string {
	if (value === undefined) return "missing";
	if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
	if (typeof value === "object" && value !== null) return "a mapping";
	const text = typeof value === "string" ? JSON.stringify(value) : String(value);
	return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A path as people write it: `spec.ports[0].port`. */
export function formatPath(path: FieldPath): string {
	let text = "";
	for (const step of path) {
		if (typeof step === "number") text += `[${step}]`;
		else if (/^[\w-]+$/.test(step)) text += text === "" ? step : `.${step}`;
		else text += `[${JSON.stringify(step)}]`;
	}
	return text;
}
