import type { Terminal } from "../../src/commands/command.ts";

/** A terminal that keeps what is written to it and answers questions from a list. */
export interface FakeTerminal extends Terminal {
	readonly stdout: string;
	readonly stderr: string;
}

/** `answers`: what the person says, in order; without any nobody is there. */
export function fakeTerminal({
	answers = [],
	signal,
}: {
	answers?: string[];
	signal?: AbortSignal;
} = {}): FakeTerminal {
	const written = { stdout: "", stderr: "" };
	const left = [...answers];
	return {
		out: (text) => {
			written.stdout += text;
		},
		error: (text) => {
			written.stderr += text;
		},
		colour: false,
		errorReader: { person: false, colour: false },
		interactive: answers.length > 0,
		ask: async (question) => {
			written.stderr += question;
			return left.shift() ?? "";
		},
		signal: signal ?? new AbortController().signal,
		env: {},
		get stdout() {
			return written.stdout;
		},
		get stderr() {
			return written.stderr;
		},
	};
}
