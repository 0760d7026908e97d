import type { PlainValue } from "bpf-loader";
import { formatTable } from "../table.ts";

interface Entry {
	key: PlainValue;
	value: PlainValue;
}

/** A column for each field of key and value; whatever is no struct is one column of JSON. */
export function formatEntries(entries: readonly Entry[]): string {
	const first = entries[0];
	if (first === undefined) {
		return "no entries\n";
	}
	const key = columnsOf(first.key, "key");
	const value = columnsOf(first.value, "value");
	const taken = new Set(key.map(({ heading }) => heading));
	return formatTable(
		[
			...key.map(({ heading }) => heading),
			...value.map(({ heading }) => (taken.has(heading) ? `VALUE.${heading}` : heading)),
		],
		entries.map((entry) => [
			...key.map(({ read }) => cell(read(entry.key))),
			...value.map(({ read }) => cell(read(entry.value))),
		]),
	);
}

interface Column {
	heading: string;
	read(part: PlainValue): PlainValue | undefined;
}

function columnsOf(sample: PlainValue, name: string): Column[] {
	if (!isStruct(sample)) {
		return [{ heading: name.toUpperCase(), read: (part) => part }];
	}
	return Object.keys(sample).map((field) => ({
		// `firstSlot` is FIRST_SLOT, as the C has it.
		heading: field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
		read: (part) => (isStruct(part) ? part[field] : undefined),
	}));
}

function isStruct(value: PlainValue): value is { [property: string]: PlainValue } {
	return typeof value === "object" && !Array.isArray(value);
}

function cell(value: PlainValue | undefined): string {
	return typeof value === "string" ? value : JSON.stringify(value ?? "");
}
