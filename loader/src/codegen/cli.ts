import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import yargs from "yargs";
import { BpfError } from "../errors.ts";
import { openSpec } from "../spec/open-spec.ts";
import { generateModule } from "./module.ts";

/** Where a command line writes: whole texts, each ending in a line break. */
export interface Output {
	out(text: string): void;
	error(text: string): void;
}

interface Arguments {
	object: string;
	output: string | undefined;
	check: boolean;
	enums: readonly string[];
	structs: readonly string[];
	importFrom: string;
}

const widestHelp = 100;

/** Runs `bpf2ts` with these arguments. Exit status: 0 done, 1 failed or `--check` found a difference, 2 bad usage. */
export async function runBpf2ts(argv: readonly string[], output: Output): Promise<0 | 1 | 2> {
	const parsed = await parseArguments(argv);
	if ("text" in parsed) {
		output.out(`${parsed.text}\n`);
		return 0;
	}
	if ("mistake" in parsed) {
		output.error(`bpf2ts: ${parsed.mistake}; bpf2ts --help shows what it takes\n`);
		return 2;
	}
	try {
		return write(parsed, output);
	} catch (error) {
		output.error(`bpf2ts: ${explain(error, parsed)}\n`);
		return 1;
	}
}

async function parseArguments(
	argv: readonly string[],
): Promise<Arguments | { text: string } | { mistake: string }> {
	let text = "";
	const parser = commandLine(argv);
	try {
		const values = await parser.parseAsync([...argv], {}, (_error, _argv, printed) => {
			text = printed;
		});
		if (text !== "") return { text };
		return {
			object: values.OBJECT,
			output: values.output,
			check: values.check,
			enums: [values.enum ?? []].flat(),
			structs: [values.struct ?? []].flat(),
			importFrom: values.import,
		};
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error);
		return { mistake: message.startsWith("Not enough non-option") ? "OBJECT is missing" : message };
	}
}

function commandLine(argv: readonly string[]) {
	return yargs([...argv])
		.scriptName("bpf2ts")
		.command(
			"$0 <OBJECT>",
			"Write a typed TypeScript module from the BTF of a compiled BPF object.",
			(command) =>
				command.positional("OBJECT", {
					type: "string",
					describe: "object file, compiled with clang -g -target bpf",
				}),
		)
		.positional("OBJECT", { type: "string", demandOption: true })
		.option("output", {
			alias: "o",
			type: "string",
			requiresArg: true,
			describe: "file to write; default: print",
		})
		.option("check", {
			type: "boolean",
			default: false,
			describe: "write nothing; exit 1 if FILE would change",
		})
		.option("enum", { type: "string", requiresArg: true, describe: "also write this enum (repeatable)" })
		.option("struct", {
			type: "string",
			requiresArg: true,
			describe: "also write this struct or union (repeatable)",
		})
		.option("import", {
			type: "string",
			requiresArg: true,
			default: "bpf-loader",
			describe: "module of the codecs",
		})
		.check(({ check, output }) => {
			if (check && output === undefined) throw new Error("--check needs -o FILE, the file to compare");
			for (const [name, value] of Object.entries({ output })) {
				if (Array.isArray(value)) throw new Error(`--${name} is given twice`);
			}
			return true;
		})
		.example("bpf2ts lb.bpf.o -o src/generated/lb.ts", "write the module")
		.example("bpf2ts lb.bpf.o -o src/generated/lb.ts --check", "in CI: fail where it is out of date")
		.example("bpf2ts lb.bpf.o --enum drop_reason", "with an enum that no map uses")
		.version(version())
		.strict()
		.wrap(widestHelp)
		.exitProcess(false)
		.fail((message, error) => {
			throw error ?? new Error(message);
		});
}

function write({ object, output: path, check, ...options }: Arguments, output: Output): 0 | 1 {
	const text = generateModule(openSpec(object), { source: basename(object), ...options });
	if (path === undefined) {
		output.out(text);
		return 0;
	}
	const present = readIfThere(path);
	if (present === text) return 0;
	if (!check) {
		writeOrExplain(path, text);
		return 0;
	}
	output.error(
		`bpf2ts: ${path} is not what ${object} gives${difference(present, text)}\nrun bpf2ts without --check\n`,
	);
	return 1;
}

function readIfThere(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
		throw error;
	}
}

function writeOrExplain(path: string, text: string): void {
	try {
		writeFileSync(path, text);
	} catch (cause) {
		const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "UNKNOWN";
		const hint = "the directory must exist and be writable";
		throw new BpfError(`${path} cannot be written: ${reason}: ${hint}`, {
			code: "OUTPUT_UNWRITABLE",
			operation: "write",
			object: path,
			hint,
			cause,
		});
	}
}

/** The first line that differs, as a diff shows it. */
function difference(present: string | undefined, wanted: string): string {
	if (present === undefined) return ": there is no such file";
	const [before, after] = [present.split("\n"), wanted.split("\n")];
	const line = after.findIndex((each, index) => each !== before[index]);
	const at = line < 0 ? after.length : line;
	const shown = (sign: string, lines: string[]) => (lines[at] === undefined ? "" : `\n${sign}${lines[at]}`);
	return `, first in line ${at + 1}:${shown("-", before)}${shown("+", after)}`;
}

/** One line: what, why, what to try. Errors about a file name it themselves; those about a type do not. */
function explain(error: unknown, { object }: Arguments): string {
	if (!(error instanceof Error)) return String(error);
	if (!(error instanceof BpfError)) return error.message;
	const where = error.code.startsWith("BTF_") ? `${object}: ` : "";
	const hint = error.hint === undefined || error.message.includes(error.hint) ? "" : ` (${error.hint})`;
	return `${where}${error.message}${hint}`;
}

function version(): string {
	const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
	return (manifest as { version: string }).version;
}
