import { createInterface } from "node:readline/promises";
import type { Terminal } from "./command.ts";

/** The terminal of this process. Reading `signal` is what takes over SIGINT and SIGTERM: a second one ends the process at once. */
export function processTerminal(): Terminal {
	// A reader that has seen enough (`| head`) is no error of ours.
	process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 3));
	let signal: AbortSignal | undefined;
	return {
		out: (text) => void process.stdout.write(text),
		error: (text) => void process.stderr.write(text),
		colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
		errorReader: {
			person: process.stderr.isTTY === true,
			colour: process.stderr.isTTY === true && !process.env.NO_COLOR,
		},
		interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
		ask,
		get signal() {
			signal ??= stopSignal();
			return signal;
		},
		env: process.env,
	};
}

function stopSignal(): AbortSignal {
	const stopping = new AbortController();
	for (const name of ["SIGINT", "SIGTERM"] as const) {
		process.on(name, () => {
			if (stopping.signal.aborted) {
				process.exit(name === "SIGINT" ? 130 : 143);
			}
			stopping.abort(name);
		});
	}
	return stopping.signal;
}

async function ask(question: string): Promise<string> {
	const lines = createInterface({ input: process.stdin, output: process.stderr });
	try {
		return await lines.question(question);
	} finally {
		lines.close();
	}
}
