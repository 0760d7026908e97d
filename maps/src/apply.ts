import { BpfError, MapError } from "bpf-loader";
import type { Difference } from "./diff.ts";
import type { Table } from "./table.ts";

/** What became of a difference. Written, deleted and failed add up to its entries. */
export interface ApplyReport {
	/** Name of the table. */
	table: string;
	written: number;
	deleted: number;
	/** Entries that were already as desired. */
	unchanged: number;
	/** Entries neither written nor deleted; `errors` says why. */
	failed: number;
	/** One for each entry refused for itself, and the one that ended the work early: at most 100. */
	errors: readonly BpfError[];
	durationMs: number;
}

/** Where apply gets its time from, in milliseconds. */
export interface ApplyOptions {
	now?: () => number;
}

const MAX_ERRORS = 100;

/**
 * Writes what is to be set, then deletes. An entry that cannot be encoded is left out and the rest goes on. A full table
 * is given its deletes first and then another try. After any other error nothing more is written or deleted.
 * Throws nothing that the table says: it is in the report.
 */
export function apply<K, V>(
	table: Table<K, V>,
	difference: Difference<K, V>,
	options: ApplyOptions = {},
): ApplyReport {
	const now = options.now ?? (() => performance.now());
	const start = now();
	let writing = writeFrom(table, difference.set, { next: 0, written: 0, refused: [] });
	let deleted = 0;
	let deleteError: BpfError | undefined;
	if (writing.stopped === undefined || writing.stopped.code === "MAP_FULL") {
		deleteError = caught(() => table.deleteAll(difference.delete));
		deleted = deleteError === undefined ? difference.delete.length : writtenBefore(deleteError);
	}
	if (writing.stopped?.code === "MAP_FULL" && deleted > 0) {
		writing = writeFrom(table, difference.set, { ...writing, stopped: undefined });
	}
	const errors = [...writing.refused, writing.stopped, deleteError].filter((error) => error !== undefined);
	return {
		table: table.name,
		written: writing.written,
		deleted,
		unchanged: difference.unchanged,
		failed: difference.set.length - writing.written + difference.delete.length - deleted,
		errors: errors.slice(0, MAX_ERRORS),
		durationMs: now() - start,
	};
}

interface Writing {
	/** First entry that has not been tried. */
	next: number;
	written: number;
	refused: BpfError[];
	/** What ended the work before its end. */
	stopped?: BpfError | undefined;
}

function writeFrom<K, V>(table: Table<K, V>, entries: Difference<K, V>["set"], before: Writing): Writing {
	let { next, written } = before;
	const { refused } = before;
	while (next < entries.length) {
		const error = caught(() => table.setAll(from(entries, next)));
		if (error === undefined)
			return { next: entries.length, written: written + entries.length - next, refused };
		const done = writtenBefore(error);
		next += done;
		written += done;
		if (error.code !== "MAP_ENTRY") return { next, written, refused, stopped: error };
		if (refused.length < MAX_ERRORS) refused.push(error);
		next++;
	}
	return { next, written, refused };
}

/** The array from an index on, without a copy. */
function* from<T>(items: readonly T[], start: number): Generator<T> {
	for (let index = start; index < items.length; index++) yield items[index] as T;
}

const writtenBefore = (error: BpfError): number => (error instanceof MapError ? (error.written ?? 0) : 0);

function caught(work: () => void): BpfError | undefined {
	try {
		work();
		return undefined;
	} catch (error) {
		if (error instanceof BpfError) return error;
		throw error;
	}
}
