/** Above this the table starts anew: what is still in use keeps its strings, and churn cannot fill the memory. */
const LIMIT = 50_000;

/** A function that returns one and the same string for equal strings, so that copies from many objects can be freed. */
export function createIntern(): (text: string) => string {
	const table = new Map<string, string>();
	return (text) => {
		const known = table.get(text);
		if (known !== undefined) return known;
		if (table.size >= LIMIT) table.clear();
		table.set(text, text);
		return text;
	};
}
