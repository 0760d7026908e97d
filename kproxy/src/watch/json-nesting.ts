const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Follows how deep JSON text is nested, without understanding more of it. */
export interface JsonNesting {
	/** Takes the next byte or UTF-16 unit. Returns the depth after it if it is a bracket outside of strings, else -1. */
	step(code: number): number;
}

/** A fresh count, at depth 0. UTF-8 needs no decoding: no byte of a longer character looks like a bracket or quote. */
export function createJsonNesting(): JsonNesting {
	let depth = 0;
	let inString = false;
	let escaped = false;
	const stepInString = (code: number): void => {
		if (escaped) escaped = false;
		else if (code === BACKSLASH) escaped = true;
		else if (code === QUOTE) inString = false;
	};
	return {
		step(code) {
			if (inString) {
				stepInString(code);
				return -1;
			}
			if (code === QUOTE) inString = true;
			if (code === 0x5b || code === 0x7b) depth += 1;
			else if (code === 0x5d || code === 0x7d) depth -= 1;
			else return -1;
			return depth;
		},
	};
}
