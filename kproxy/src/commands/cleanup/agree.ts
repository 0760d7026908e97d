import { type Terminal, usageError } from "../command.ts";

/** Asks the person at the terminal. Throws BpfError `USAGE` where there is nobody. */
export async function isAgreed(terminal: Terminal, question: string): Promise<boolean> {
	if (!terminal.interactive) {
		throw usageError("there is no terminal to ask on", "--yes removes without asking, --dry-run only lists");
	}
	return /^y(es)?$/i.test((await terminal.ask(question)).trim());
}
