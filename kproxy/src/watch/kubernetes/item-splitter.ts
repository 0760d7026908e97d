import { createJsonNesting } from "../json-nesting.ts";
import { decodeParts } from "./line-splitter.ts";

/** Cuts the JSON text of a list into its items, so that no page is ever in memory as a whole. */
export interface ItemSplitter {
	/** Calls `onItem` with the JSON text of each item that this chunk completes. */
	push(chunk: Uint8Array): void;
	/** The JSON text around the items, each of them replaced by 0. */
	envelope(): string;
}

const OPEN_BRACE = 0x7b;
/** Depth inside of `{"items":[`: an item that opens there makes it one more. */
const LIST_DEPTH = 2;
const ZERO = Buffer.from("0");

/** A splitter for the UTF-8 text of one list. It only counts brackets; JSON.parse says what is wrong with the rest. */
export function createItemSplitter(onItem: (json: string) => void): ItemSplitter {
	const nesting = createJsonNesting();
	let inItem = false;
	let itemParts: Uint8Array[] = [];
	const envelopeParts: Uint8Array[] = [];

	return {
		push(chunk) {
			let start = 0;
			for (let at = 0; at < chunk.length; at += 1) {
				const depth = nesting.step(chunk[at] as number);
				if (depth === -1) continue;
				if (inItem && depth === LIST_DEPTH) {
					itemParts.push(chunk.subarray(start, at + 1));
					start = at + 1;
					inItem = false;
					onItem(decodeParts(itemParts));
					itemParts = [];
				} else if (!inItem && depth === LIST_DEPTH + 1 && chunk[at] === OPEN_BRACE) {
					envelopeParts.push(Buffer.from(chunk.subarray(start, at)), ZERO);
					start = at;
					inItem = true;
				}
			}
			const rest = chunk.subarray(start);
			if (inItem) itemParts.push(rest);
			// A copy: the commas between the items must not hold the whole page in memory.
			else envelopeParts.push(Buffer.from(rest));
		},
		envelope: () => decodeParts(envelopeParts),
	};
}
