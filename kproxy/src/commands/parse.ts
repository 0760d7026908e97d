import { BpfError } from "bpf-loader";
import yargs, { type Argv } from "yargs";
import { version } from "../version.ts";
import { type Command, type OptionTable, type Positional, usageError } from "./command.ts";
import { globalOptions } from "./options.ts";
import { suggest } from "./suggest.ts";

const EPILOGUE = "Exit status: 0 ok, 1 differences or unhealthy, 2 usage, 3 failed.";

/** What a command line asks for: text to print (help, version), or a command with its checked values. */
export type Parsed =
	| { kind: "text"; text: string }
	| { kind: "command"; command: Command; values: Record<string, unknown> };

/** Understands a command line. Throws BpfError `USAGE` for anything it does not know. `columns`: width of help. */
export async function parseCommandLine(
	argv: readonly string[],
	commands: readonly Command[],
	columns: number,
): Promise<Parsed> {
	if (argv[0] === "help") {
		return parseCommandLine([...argv.slice(1), "--help"], commands, columns);
	}
	const name = argv.find((word) => !word.startsWith("-"));
	const command = commands.find((candidate) => candidate.name === name);
	if (name !== undefined && command === undefined) {
		throw unknownCommand(name, commands);
	}
	if (command !== undefined) {
		checkSwitches(argv, command);
	}
	let chosen: Record<string, unknown> | undefined;
	const parser = buildParser(commands, columns, (values) => {
		chosen = values;
	});
	let text = "";
	try {
		await parser.parseAsync([...argv], {}, (_error, _values, output) => {
			text = output;
		});
	} catch (error) {
		throw error instanceof BpfError ? error : explain(String((error as Error).message), argv, command);
	}
	if (chosen === undefined || command === undefined) {
		return { kind: "text", text: `${text || (await parser.getHelp())}\n` };
	}
	return { kind: "command", command, values: pick(chosen, command) };
}

function buildParser(
	commands: readonly Command[],
	columns: number,
	choose: (values: Record<string, unknown>) => void,
): Argv {
	let parser: Argv = yargs()
		.scriptName("kproxy")
		.usage("Serves Kubernetes Services from eBPF, in kube-proxy's place.\n\n  $0 COMMAND [options]")
		.parserConfiguration({
			"camel-case-expansion": false,
			"dot-notation": false,
		})
		.locale("en")
		.options(globalOptions)
		.strict()
		.wrap(columns)
		.version(version)
		.help()
		.alias("help", "h")
		.epilogue(EPILOGUE)
		.exitProcess(false)
		.fail(false);
	for (const command of commands) {
		parser = parser.command(
			synopsis(command, ({ name, optional }) => (optional ? `[${name}]` : `<${name}>`)),
			command.description,
			(builder) => describeCommand(builder, command),
			(values) => choose({ ...values }),
		);
	}
	return parser;
}

/** What a command's own help shows. */
function describeCommand(builder: Argv, command: Command): Argv {
	const { positional, description, options, examples } = command;
	const described = builder
		.usage(`${description}\n\n  $0 ${synopsis(command, spellArgument)} [options]`)
		.options({ ...options })
		.example(examples.map(([line, shows]) => [`$0 ${line}`, shows] as [string, string]));
	return positional === undefined
		? described
		: described.positional(positional.name, { type: "string", describe: positional.describe });
}

/** As in `MAP`, or `[POD]` where it may be left out. */
export function spellArgument({ name, optional }: Positional): string {
	return optional ? `[${name.toUpperCase()}]` : name.toUpperCase();
}

function synopsis({ name, positional }: Command, spell: (argument: Positional) => string): string {
	return positional === undefined ? name : `${name} ${spell(positional)}`;
}

/** Only what the tables name, under its one name; what yargs lets through is checked here. */
function pick(values: Record<string, unknown>, command: Command): Record<string, unknown> {
	const table: OptionTable = { ...globalOptions, ...command.options };
	const picked: Record<string, unknown> = {};
	for (const [name, option] of Object.entries(table)) {
		const value = option.array ? values[name] : lastOf(values[name]);
		if (
			option.type === "number" &&
			value !== undefined &&
			!(Number.isSafeInteger(value) && Number(value) >= 0)
		) {
			throw usageError(`--${name} takes a whole number`, see(command));
		}
		if ((value === "" || (Array.isArray(value) && value.includes(""))) && !option.mayBeEmpty) {
			throw usageError(`--${name} is empty`, see(command));
		}
		picked[name] = value;
	}
	if (command.positional) {
		picked[command.positional.name] = values[command.positional.name];
	}
	return picked;
}

/** yargs collects a flag that is given twice; only where a list is meant do both count. */
function lastOf(value: unknown): unknown {
	return Array.isArray(value) ? value.at(-1) : value;
}

/** yargs takes `--once=3` for false; a person who writes that means something else. */
function checkSwitches(argv: readonly string[], command: Command): void {
	for (const [name, option] of Object.entries<OptionTable[string]>({
		...globalOptions,
		...command.options,
	})) {
		const word = argv.find((part) => part.startsWith(`--${name}=`));
		const value = word?.slice(name.length + 3);
		if (option.type === "boolean" && value !== undefined && value !== "true" && value !== "false") {
			throw usageError(`--${name} takes no value, ${JSON.stringify(value)} is none`, see(command));
		}
	}
}

function see(command: Command | undefined): string {
	return `see kproxy ${command ? `${command.name} ` : ""}--help`;
}

function unknownCommand(name: string, commands: readonly Command[]): BpfError {
	const meant = suggest(
		name,
		commands.map((command) => command.name),
	);
	return meant === undefined
		? usageError(`unknown command ${JSON.stringify(name)}`, "kproxy --help lists the commands")
		: usageError(`unknown command ${JSON.stringify(name)}: did you mean ${meant}?`);
}

/** Puts what yargs says in our words; its messages are fixed by `locale("en")`. */
function explain(message: string, argv: readonly string[], command: Command | undefined): BpfError {
	const unknown = /^Unknown arguments?: ([^,]*)/.exec(message)?.[1];
	if (unknown !== undefined) {
		return explainUnknown(unknown, argv, command);
	}
	if (message.startsWith("Not enough non-option arguments") && command?.positional) {
		const { name, describe } = command.positional;
		return usageError(`${name.toUpperCase()} is missing: ${describe}`, see(command));
	}
	const valueless = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
	if (valueless !== undefined) {
		return usageError(`${valueless.length === 1 ? "-" : "--"}${valueless} needs a value`, see(command));
	}
	const choice = /Argument: (\S+), Given: (.*), Choices: (.*)/.exec(message);
	if (choice !== null) {
		return usageError(
			`--${choice[1]} cannot be ${choice[2]}: choose one of ${choice[3]?.replaceAll('"', "")}`,
		);
	}
	return usageError(message.replace(/\s*\n\s*/g, " ").trim(), see(command));
}

function explainUnknown(word: string, argv: readonly string[], command: Command | undefined): BpfError {
	const flag =
		argv.find((part) => part === `--${word}` || part.startsWith(`--${word}=`)) ??
		argv.find((part) => /^-[^-]/.test(part) && part.includes(word));
	if (flag === undefined) {
		return usageError(`unexpected argument ${JSON.stringify(word)}`, see(command));
	}
	const spelt = flag.startsWith("--") ? `--${word}` : `-${word}`;
	const meant = suggest(word, Object.keys({ ...globalOptions, ...command?.options, help: {}, version: {} }));
	return meant === undefined
		? usageError(`unknown flag ${spelt}`, see(command))
		: usageError(`unknown flag ${spelt}: did you mean --${meant}?`);
}
