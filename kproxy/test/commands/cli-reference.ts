import type { Command, OptionTable } from "../../src/commands/command.ts";
import { commands } from "../../src/commands/list.ts";
import { globalOptions } from "../../src/commands/options.ts";
import { spellArgument } from "../../src/commands/parse.ts";

const HEAD = `# The kproxy command line

Written from the tables in \`src/commands/\`; \`UPDATE_DOCS=1 npx ava 'kproxy/test/commands/cli-reference*'\` writes it anew.

\`kproxy run\` is the daemon. The other commands read what is pinned on the bpf file system, so they work whether a daemon
runs or not, and on a node where it has crashed. Bad input gets one line on standard error that says what, where, why and
what to try; nothing is half-done.

| exit status | meaning |
| --- | --- |
| 0 | done; where the command compares or checks, all is well |
| 1 | differences were found, something is unhealthy, or a wait ran out |
| 2 | the command line cannot be understood; nothing was done |
| 3 | something failed while running |

Every command takes \`--help\` and these:

${optionRows(globalOptions)}
`;

/** The whole of docs/cli.md. */
export function cliReference(): string {
	return [HEAD, ...commands.map(section)].join("\n");
}

function section({ name, description, positional, options, examples }: Command): string {
	const argument = positional ? ` ${spellArgument(positional)}` : "";
	const about = positional ? `\`${positional.name.toUpperCase()}\`: ${positional.describe}.\n\n` : "";
	return `## kproxy ${name}${argument}

${description}.

${about}${optionRows(options)}
\`\`\`sh
${examples.map(([line, shows]) => `kproxy ${line}   # ${shows}`).join("\n")}
\`\`\`
`;
}

function optionRows(options: OptionTable): string {
	const rows = Object.entries(options).map(([name, option]) => {
		const flags = [option.alias ? `\`-${option.alias}\`` : [], `\`--${name}${placeholder(option)}\``]
			.flat()
			.join(", ");
		return `| ${flags} | ${option.describe.replaceAll("|", "\\|")} | ${defaultOf(option)} |\n`;
	});
	return `| flag | what it does | default |\n| --- | --- | --- |\n${rows.join("")}`;
}

function placeholder({ type, choices }: OptionTable[string]): string {
	if (choices) {
		return ` ${choices.join("\\|")}`;
	}
	return type === "boolean" ? "" : type === "number" ? " NUMBER" : " VALUE";
}

function defaultOf({ default: value, defaultDescription, type }: OptionTable[string]): string {
	if (value === undefined) {
		return defaultDescription === undefined ? "" : `\`${defaultDescription}\``;
	}
	return type === "boolean" ? (value ? "on" : "off") : `\`${value}\``;
}
