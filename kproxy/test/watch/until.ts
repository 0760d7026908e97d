const DEADLINE_MS = 30_000;
const POLL_MS = 2;

/** Waits until the condition holds; throws what it waited for, and the state, when that takes too long. */
export async function until(
	what: string,
	condition: () => boolean,
	state: () => unknown = () => "",
): Promise<void> {
	const deadline = Date.now() + DEADLINE_MS;
	while (!condition()) {
		if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}; ${JSON.stringify(state())}`);
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
}
