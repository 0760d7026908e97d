import { BpfError } from "bpf-loader";
import type { InferredOptionTypes, Options } from "yargs";

/** What a command tells its caller by its exit status. The same numbers for every command. */
export const ExitCode = {
	/** Done; where the command compares or checks, all is well. */
	OK: 0,
	/** Differences were found, something is unhealthy, or a wait ran out. */
	DIFFERS: 1,
	/** The command line cannot be understood; nothing was done. */
	USAGE: 2,
	/** Something failed while running. */
	FAILED: 3,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** One row of an options table: a yargs option that always has a sentence. `mayBeEmpty`: `--name ""` means something. */
export type OptionTable = Readonly<Record<string, Options & { describe: string; mayBeEmpty?: true }>>;

/** What a handler gets: every option by its kebab-case name, positionals by theirs. */
export type OptionValues<O extends OptionTable> = InferredOptionTypes<O>;

/** Where a command writes and what it may assume of the reader. Tests give their own. */
export interface Terminal {
	out(text: string): void;
	error(text: string): void;
	/** Standard output is a terminal and NO_COLOR is not set. */
	readonly colour: boolean;
	/** Someone reads standard error as it comes; `colour`: and wants it in colour. */
	readonly errorReader: { person: boolean; colour: boolean };
	/** Someone can answer a question. */
	readonly interactive: boolean;
	/** Asks one line of the person at the terminal. */
	ask(question: string): Promise<string>;
	/** Aborted by the first SIGINT or SIGTERM; only a command that waits asks for it. */
	readonly signal: AbortSignal;
	readonly env: Readonly<Record<string, string | undefined>>;
}

/** Does what a command is for; the result is the exit status. `P` is the name of its positional argument. */
export type Handler<O extends OptionTable, P extends string = never> = (
	values: OptionValues<O> & Readonly<Record<P, string>>,
	terminal: Terminal,
) => Promise<ExitCode>;

/** A positional argument: a word that has to be there, unless `optional`. */
export interface Positional<P extends string = string> {
	name: P;
	describe: string;
	optional?: true;
}

/** One CLI command as its folder describes it. */
export interface CommandDefinition<O extends OptionTable, P extends string = never> {
	name: string;
	/** One sentence without a full stop: it stands in the list of commands. */
	description: string;
	positional?: Positional<P>;
	options: O;
	/** Command lines without the leading `kproxy`, and what each one shows. */
	examples: readonly (readonly [line: string, shows: string])[];
	/** Imported when the command runs: `kproxy --help` loads no handler. */
	load(): Promise<Handler<O, P>>;
}

/** A command whose option types have been checked and forgotten, so that all fit one list. */
export interface Command extends Omit<CommandDefinition<OptionTable, string>, "load"> {
	run(values: Record<string, unknown>, terminal: Terminal): Promise<ExitCode>;
}

/** Checks a definition against its own option table. */
export function defineCommand<O extends OptionTable, P extends string = never>(
	definition: CommandDefinition<O, P>,
): Command {
	const { load, ...rest } = definition;
	return {
		...rest,
		async run(values, terminal) {
			const handler = await load();
			// yargs has parsed the values by this very table.
			return handler(values as OptionValues<O> & Record<P, string>, terminal);
		},
	};
}

/** A command line that cannot be understood: exit 2. `hint` says what to try. */
export function usageError(message: string, hint?: string): BpfError {
	return new BpfError(message, { code: "USAGE", operation: "parse", object: "command line", hint });
}
