import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type FSWatcher, watch } from "chokidar";

/** Tells when a directory may have changed. */
export interface DirectoryWatch {
	/** Watches from here on, so that nothing that comes after the first scan is missed. */
	start(): Promise<void>;
	/** Waits for a change, and for quiet after it, or for the next poll. False when aborted. */
	changed(): Promise<boolean>;
	close(): Promise<void>;
}

/** So many times a directory that never comes to rest is waited for. */
const SETTLE_ROUNDS = 20;

/**
 * Watches a directory. chokidar is only a hint that comes early: it does not follow a directory that is swapped by a link
 * or made anew, and some file systems tell nothing, so `pollMs` bounds what it misses.
 */
export function watchDirectory(
	directory: string,
	{ settleMs, pollMs, signal }: { settleMs: number; pollMs: number; signal: AbortSignal },
): DirectoryWatch {
	let hints = 0;
	let wake = new AbortController();
	let watched: { id: string; files: FSWatcher | undefined } = { id: "", files: undefined };
	const hint = (): void => {
		hints += 1;
		wake.abort();
	};
	signal.addEventListener("abort", hint, { once: true });

	/** Watches what the path leads to now. Returns whether that is something else than before. */
	async function follow(): Promise<boolean> {
		const id = await identity(directory);
		if (watched.id === id) return false;
		await watched.files?.close();
		watched = { id, files: id === "" ? undefined : await open() };
		return true;
	}

	/** The rescan is idempotent, so every event is as good as another; where there are none the poll is left. */
	async function open(): Promise<FSWatcher> {
		const files = watch(directory, { ignoreInitial: true, atomic: false, depth: 0 })
			.on("all", hint)
			.on("error", hint);
		// Only now are changes seen.
		await new Promise<void>((done) => {
			files.once("ready", done).once("error", () => done());
			signal.addEventListener("abort", () => done(), { once: true });
		});
		return files;
	}

	return {
		async start() {
			await follow();
		},
		async changed() {
			if (signal.aborted) return false;
			if (await follow()) hints += 1;
			if (hints === 0) await pause(pollMs, wake.signal);
			for (let round = 0; hints > 0 && !signal.aborted && round < SETTLE_ROUNDS; round += 1) {
				hints = 0;
				await pause(settleMs, signal);
			}
			hints = 0;
			wake = new AbortController();
			return !signal.aborted;
		},
		async close() {
			signal.removeEventListener("abort", hint);
			await watched.files?.close();
		},
	};
}

/** Device and inode of what the path leads to; empty where it leads nowhere. */
async function identity(directory: string): Promise<string> {
	try {
		const { dev, ino } = await stat(directory);
		return `${dev} ${ino}`;
	} catch {
		return "";
	}
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
	try {
		await delay(ms, undefined, { signal });
	} catch (error) {
		if (!signal.aborted) throw error;
	}
}
