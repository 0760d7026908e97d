/** `value` itself if it is an integer from `min` to `max`; throws RangeError naming `where` otherwise. */
export function checkInteger(value: number, min: number, max: number, where: string): number {
	if (!(value >= min && value <= max && Number.isInteger(value))) throw notAnInteger(value, min, max, where);
	return value;
}

/** `value` itself if it is a bigint from `min` to `max`; throws RangeError naming `where` otherwise. */
export function checkBigint(value: bigint, min: bigint, max: bigint, where: string): bigint {
	if (typeof value !== "bigint" || value < min || value > max) throw notAnInteger(value, min, max, where);
	return value;
}

/** Throws RangeError naming `where` unless a list or byte array has exactly `expected` elements. */
export function checkLength(value: { length: number }, expected: number, where: string): void {
	if (value?.length === expected) return;
	throw new RangeError(`${where}: ${show(value)} has ${value?.length ?? "no"} elements, not ${expected}`);
}

/** The error for a value that does not fit `where`: `what` completes the sentence "… is not …". */
export function doesNotFit(value: unknown, what: string, where: string): RangeError {
	return new RangeError(`${where}: ${show(value)} is not ${what}`);
}

function notAnInteger(value: unknown, min: number | bigint, max: number | bigint, where: string): RangeError {
	const kind = typeof min === "bigint" ? "a bigint" : "an integer";
	return doesNotFit(value, `${kind} from ${min} to ${max}`, where);
}

function show(value: unknown): string {
	if (typeof value === "bigint") return `${value}n`;
	if (typeof value === "object" && value !== null) return Array.isArray(value) ? "the list" : "the object";
	const text = typeof value === "string" ? JSON.stringify(value) : String(value);
	return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
