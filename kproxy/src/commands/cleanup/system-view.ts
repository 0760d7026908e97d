import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

const TIMEOUT_MS = 60_000;
/** A node with 10,000 Services has some 20 MB of rules. */
const MAX_OUTPUT_BYTES = 256 << 20;
/** First, because npm puts programs of packages in front, and one is called nft. */
const SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** What is asked of the system, and told to it; tests give their own. */
export interface SystemView {
	/** Runs a program to its end with `input` on its stdin. Rejects where it is not installed or says no. */
	run(program: string, args: readonly string[], input?: string): Promise<string>;
	/** Text of a file; undefined where it cannot be read. */
	read(path: string): string | undefined;
}

/** This machine, in the network namespace of this process. */
export const systemView: SystemView = {
	run: async (program, args, input = "") => {
		const path = `${SYSTEM_PATH}:${process.env.PATH ?? ""}`;
		const running = promisify(execFile)(program, args, {
			timeout: TIMEOUT_MS,
			maxBuffer: MAX_OUTPUT_BYTES,
			env: { ...process.env, PATH: path, LC_ALL: "C" },
		});
		// One that ends early reads no input; its status says why.
		running.child.stdin?.on("error", () => {});
		running.child.stdin?.end(input);
		try {
			return (await running).stdout;
		} catch (cause) {
			const { stderr = "", message } = cause as Error & { stderr?: string };
			throw new Error(`${[program, ...args].join(" ")}: ${stderr.trim() || message}`, { cause });
		}
	},
	read: (path) => {
		try {
			return readFileSync(path, "utf8");
		} catch {
			return undefined;
		}
	},
};

/** What the program prints, or undefined where it is not installed or not allowed. */
export async function attempt(
	view: SystemView,
	program: string,
	...args: string[]
): Promise<string | undefined> {
	try {
		return await view.run(program, args);
	} catch {
		return undefined;
	}
}
