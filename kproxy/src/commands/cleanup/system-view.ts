import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const TIMEOUT_MS = 60_000;
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
	run: (program, args, input = "") =>
		new Promise((resolve, reject) => {
			const path = `${SYSTEM_PATH}:${process.env.PATH ?? ""}`;
			const child = spawn(program, args, {
				timeout: TIMEOUT_MS,
				env: { ...process.env, PATH: path, LC_ALL: "C" },
			});
			const [out, err]: [Buffer[], Buffer[]] = [[], []];
			child.stdout.on("data", (part: Buffer) => out.push(part));
			child.stderr.on("data", (part: Buffer) => err.push(part));
			child.on("error", reject);
			// One that ends early reads no input; its status says why.
			child.stdin.on("error", () => {});
			child.stdin.end(input);
			child.on("close", (status, signal) => {
				const said = Buffer.concat(err).toString("utf8").trim();
				if (status === 0) resolve(Buffer.concat(out).toString("utf8"));
				else
					reject(new Error(`${[program, ...args].join(" ")}: ${said || `ended with ${status ?? signal}`}`));
			});
		}),
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
