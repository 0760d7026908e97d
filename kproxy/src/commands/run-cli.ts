import { BpfError } from "bpf-loader";
import { type Command, ExitCode, type Terminal } from "./command.ts";
import { formatError } from "./format-error.ts";
import { commands } from "./list.ts";
import { parseCommandLine } from "./parse.ts";

/** Widest help text, in columns: longer lines are hard to read. */
const HELP_COLUMNS = 110;

/** Runs one command line to its end; the result is the exit status. Errors are printed, never thrown. */
export async function runCli(
	argv: readonly string[],
	terminal: Terminal,
	known: readonly Command[] = commands,
): Promise<ExitCode> {
	const verbose = argv.includes("--verbose");
	let name: string | undefined;
	try {
		const parsed = await parseCommandLine(argv, known, HELP_COLUMNS);
		if (parsed.kind === "text") {
			terminal.out(parsed.text);
			return argv.length === 0 ? ExitCode.USAGE : ExitCode.OK;
		}
		name = parsed.command.name;
		return await parsed.command.run(parsed.values, terminal);
	} catch (error) {
		terminal.error(formatError(error, { command: name, verbose }));
		return error instanceof BpfError && error.code === "USAGE" ? ExitCode.USAGE : ExitCode.FAILED;
	}
}
