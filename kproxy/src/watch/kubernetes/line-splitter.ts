/** Cuts a byte stream into lines; a line without its end is never given out. */
export interface LineSplitter {
	/** Calls `onLine` for each line that this chunk completes, without the newline; empty lines are skipped. */
	push(chunk: Uint8Array): void;
}

const NEWLINE = 0x0a;

/**
 * A splitter for UTF-8 lines. Cuts at bytes, so a character split over two chunks survives. A line longer than
 * `maxBytes` is dropped whole and told to `onTooLong`: the memory stays bounded.
 */
export function createLineSplitter(options: {
	onLine: (line: string) => void;
	onTooLong: () => void;
	maxBytes: number;
}): LineSplitter {
	let parts: Uint8Array[] = [];
	let partBytes = 0;
	let dropping = false;

	const keep = (part: Uint8Array): void => {
		partBytes += part.length;
		if (partBytes > options.maxBytes) {
			dropping = true;
			parts = [];
		} else if (part.length > 0) {
			parts.push(part);
		}
	};
	const finish = (): void => {
		const line = dropping ? undefined : decodeParts(parts);
		parts = [];
		partBytes = 0;
		dropping = false;
		if (line === undefined) options.onTooLong();
		else if (line !== "") options.onLine(line);
	};
	return {
		push(chunk) {
			let start = 0;
			for (;;) {
				const end = chunk.indexOf(NEWLINE, start);
				if (end === -1) break;
				keep(chunk.subarray(start, end));
				finish();
				start = end + 1;
			}
			if (start < chunk.length) keep(chunk.subarray(start));
		},
	};
}

/** The UTF-8 text of chunks that follow each other; what lies in one chunk is not copied. */
export function decodeParts(parts: readonly Uint8Array[]): string {
	const [first] = parts;
	if (first === undefined) return "";
	if (parts.length > 1) return Buffer.concat(parts).toString("utf8");
	return Buffer.from(first.buffer, first.byteOffset, first.byteLength).toString("utf8");
}
