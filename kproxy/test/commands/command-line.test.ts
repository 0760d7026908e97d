import test from "ava";
import { BpfError, VerifierError } from "bpf-loader";
import { defineCommand, ExitCode, usageError } from "../../src/commands/command.ts";
import { commands } from "../../src/commands/list.ts";
import { bpffsOptions, outputOptions } from "../../src/commands/options.ts";
import { runCli } from "../../src/commands/run-cli.ts";
import { version } from "../../src/version.ts";
import { fakeTerminal } from "./fake-terminal.ts";

/** Every bad command line gets one line on standard error and exit 2; nothing is done. */
const BAD: readonly (readonly [line: string, says: RegExp])[] = [
	["statsu", /unknown command "statsu": did you mean status\?$/],
	["frobnicate", /unknown command "frobnicate"; kproxy --help lists the commands$/],
	["--bpfs x", /unknown command "x"/],
	["--frob", /unknown flag --frob; see kproxy --help$/],
	["status --bpfs x", /unknown flag --bpfs: did you mean --bpffs\?$/],
	["status --frob", /unknown flag --frob; see kproxy status --help$/],
	["status --frob=3", /unknown flag --frob; see kproxy status --help$/],
	["status -z", /unknown flag -z; see kproxy status --help$/],
	["status extra", /unexpected argument "extra"; see kproxy status --help$/],
	["status -o yaml", /--output cannot be "yaml": choose one of table, json$/],
	["status -o", /kproxy: -o needs a value/],
	["status --wait", /--wait needs a value/],
	["status --wait soon", /--wait takes a whole number/],
	["status --wait -3", /--wait takes a whole number/],
	["status --wait 1.5", /--wait takes a whole number/],
	["status --bpffs=", /--bpffs is empty/],
	["dump", /MAP is missing: /],
	["dump a b", /unexpected argument "b"/],
	["dump a --limit x", /--limit takes a whole number/],
	["frontends --protocol icmp", /--protocol cannot be "icmp": choose one of tcp, udp, sctp$/],
	["frontends --port 65536", /--port takes a number from 1 to 65535, not 65536/],
	["frontends --address web", /--address takes an IP address, not "web"/],
	["run --once=3", /--once takes no value, "3" is none/],
	["run --manifests", /--manifests needs a value/],
	["run --manifests=", /--manifests is empty/],
	["run --log-level loud", /--log-level cannot be "loud": choose one of debug, info, warn, error$/],
	[
		"run --manifests . --healthz-bind-address 1.2.3.4:http",
		/--healthz-bind-address cannot be "1.2.3.4:http"/,
	],
	["run --manifests . --metrics-bind-address 1:2:x", /--metrics-bind-address cannot be "1:2:x"/],
	["run --manifests . --max-frontends 0", /--max-frontends takes a number above 0/],
	["run --manifests /nowhere/at/all", /\/nowhere\/at\/all/],
];

for (const [line, says] of BAD) {
	test(`\`kproxy ${line}\` is refused in one line and exits 2`, async (t) => {
		const terminal = fakeTerminal();
		t.is(await runCli(line.split(" "), terminal), ExitCode.USAGE);
		t.is(terminal.stdout, "");
		t.is(terminal.stderr.split("\n").length, 2, terminal.stderr);
		t.regex(terminal.stderr.trimEnd(), says);
	});
}

test("Help lists every command with its sentence, and how commands exit", async (t) => {
	const terminal = fakeTerminal();
	t.is(await runCli(["--help"], terminal), ExitCode.OK);
	for (const { name, description } of commands) {
		t.regex(terminal.stdout, new RegExp(`kproxy ${name}\\b.*${description.slice(0, 20)}`));
	}
	t.regex(terminal.stdout, /Exit status: 0 ok, 1 differences/);
});

test("`kproxy help status` is `kproxy status --help`", async (t) => {
	const [words, flag] = [fakeTerminal(), fakeTerminal()];
	t.is(await runCli(["help", "status"], words), ExitCode.OK);
	await runCli(["status", "--help"], flag);
	t.is(words.stdout, flag.stdout);
});

test("No command at all prints the help and exits 2", async (t) => {
	const terminal = fakeTerminal();
	t.is(await runCli([], terminal), ExitCode.USAGE);
	t.regex(terminal.stdout, /Commands:/);
});

test("The version is the package's", async (t) => {
	const terminal = fakeTerminal();
	t.is(await runCli(["--version"], terminal), ExitCode.OK);
	t.is(terminal.stdout, `${version}\n`);
});

for (const { name, options, examples, description } of commands) {
	test(`\`kproxy ${name} --help\` explains every flag and has examples that parse`, async (t) => {
		const terminal = fakeTerminal();
		t.is(await runCli([name, "--help"], terminal), ExitCode.OK);
		for (const flag of Object.keys(options)) {
			t.true(terminal.stdout.includes(`--${flag} `), `${flag} is listed`);
			t.regex(flag, /^[a-z][a-z-]*$/);
		}
		t.notRegex(description, /\.$/);
		t.true(examples.length > 0);
		for (const [line] of examples) {
			t.true(terminal.stdout.includes(`kproxy ${line}`), `${line} is shown`);
			t.true(await parses(line.split(" ")), `${line} parses`);
		}
	});
}

/** Parses with the real tables but runs nothing. */
async function parses(argv: string[]): Promise<boolean> {
	const idle = commands.map((command) => ({ ...command, run: async () => ExitCode.OK }));
	const terminal = fakeTerminal();
	return (await runCli(argv, terminal, idle)) === ExitCode.OK && terminal.stderr === "";
}

const testOptions = {
	...bpffsOptions,
	...outputOptions,
	deep: { type: "boolean", default: false, describe: "Go deep" },
} as const;

function commandThat(run: () => Promise<ExitCode>, seen: unknown[] = []) {
	return defineCommand({
		name: "try",
		description: "Try something",
		options: testOptions,
		examples: [],
		load: async () => async (values) => {
			seen.push(values);
			return run();
		},
	});
}

test("A handler gets every option once, by its kebab-case name", async (t) => {
	const seen: unknown[] = [];
	const command = commandThat(async () => ExitCode.DIFFERS, seen);
	const code = await runCli(
		["try", "-o", "json", "--deep", "--bpffs", "/a", "--bpffs", "/b"],
		fakeTerminal(),
		[command],
	);
	t.is(code, ExitCode.DIFFERS);
	t.deepEqual(seen, [{ verbose: false, bpffs: "/b", output: "json", deep: true }]);
});

for (const { title, error, argv = ["try"], code, says } of [
	{
		title: "An expected error is one line, with what to try, and exits 3",
		error: new BpfError("map a cannot be opened", {
			code: "X",
			operation: "open",
			object: "a",
			hint: "be root",
		}),
		code: ExitCode.FAILED,
		says: /^kproxy try: map a cannot be opened; be root\n$/,
	},
	{
		title: "A hint that the message has already is not said twice",
		error: new BpfError("not there: be root", { code: "X", operation: "open", object: "a", hint: "be root" }),
		code: ExitCode.FAILED,
		says: /^kproxy try: not there: be root\n$/,
	},
	{
		title: "A message of several lines becomes one",
		error: new BpfError("first\n  second", { code: "X", operation: "open", object: "a" }),
		code: ExitCode.FAILED,
		says: /^kproxy try: first second\n$/,
	},
	{
		title: "A verifier's log is printed only with --verbose",
		error: new VerifierError("refused", {
			code: "V",
			operation: "load",
			object: "p",
			program: "p",
			log: ["R1 invalid mem access"],
		}),
		argv: ["try", "--verbose"],
		code: ExitCode.FAILED,
		says: /^kproxy try: refused\nR1 invalid mem access\nVerifierError: refused\n {4}at /,
	},
	{
		title: "An unexpected error says so",
		error: new TypeError("x is not a function"),
		code: ExitCode.FAILED,
		says: /^kproxy try: x is not a function \(not an error that kproxy expects: --verbose prints where it comes from\)\n$/,
	},
	{
		title: "A usage error of a handler exits 2",
		error: usageError("--port is taken", "take another"),
		code: ExitCode.USAGE,
		says: /^kproxy try: --port is taken; take another\n$/,
	},
]) {
	test(title, async (t) => {
		const terminal = fakeTerminal();
		const command = commandThat(async () => {
			throw error;
		});
		t.is(await runCli(argv, terminal, [command]), code);
		t.regex(terminal.stderr, says);
	});
}
