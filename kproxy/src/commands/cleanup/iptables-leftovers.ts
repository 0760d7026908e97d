import { isKubeProxyChain } from "./kube-proxy-names.ts";

/** What kube-proxy has in one table of one iptables. */
export interface TableLeftovers {
	table: string;
	/** Rules of built-in chains that lead into its chains, as `iptables-save` prints them. */
	jumps: readonly string[];
	/** Chains that go, with the number of their rules. */
	chains: readonly { name: string; rules: number }[];
	/** Chains of its names that stay, because rules of others lead there. */
	kept: readonly string[];
}

interface Rule {
	text: string;
	chain: string;
	target: string | undefined;
}

interface Table {
	name: string;
	builtIn: Set<string>;
	chains: Set<string>;
	rules: Rule[];
}

/** Finds kube-proxy's chains in the output of `iptables-save`, and its jumps to them. Tables without any are left out. */
export function findTableLeftovers(save: string): TableLeftovers[] {
	return parseSave(save)
		.map(describeTable)
		.filter(({ jumps, chains, kept }) => jumps.length + chains.length + kept.length > 0);
}

/**
 * Input for `iptables-restore --noflush` that removes all of it, each table in one step. Whatever it does not name stays
 * as it is.
 */
export function restoreInput(tables: readonly TableLeftovers[]): string {
	return tables
		.filter(({ jumps, chains }) => jumps.length + chains.length > 0)
		.map(({ table, jumps, chains }) =>
			[
				`*${table}`,
				...jumps.map((rule) => rule.replace(/^-A /, "-D ")),
				// Emptied first, all of them: they lead to each other.
				...chains.map(({ name }) => `:${name} - [0:0]`),
				...chains.map(({ name }) => `-X ${name}`),
				"COMMIT\n",
			].join("\n"),
		)
		.join("");
}

function parseSave(save: string): Table[] {
	const tables: Table[] = [];
	for (const line of save.split("\n")) {
		const table = tables.at(-1);
		if (line.startsWith("*")) {
			tables.push({ name: line.slice(1), builtIn: new Set(), chains: new Set(), rules: [] });
		} else if (line.startsWith(":")) {
			const [name = "", policy] = line.slice(1).split(" ");
			table?.[policy === "-" ? "chains" : "builtIn"].add(name);
		} else if (line.startsWith("-A ")) {
			// A comment may have words that look like a target; the target comes after it.
			const target = [...line.replace(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/ -[jg] (\S+)/g)].at(-1)?.[1];
			table?.rules.push({ text: line, chain: line.split(" ")[1] ?? "", target });
		}
	}
	return tables;
}

function describeTable(table: Table): TableLeftovers {
	const owned = [...table.chains].filter(isKubeProxyChain);
	const intoOurs = table.rules.filter(
		({ chain, target }) => !isKubeProxyChain(chain) && target !== undefined && owned.includes(target),
	);
	const jumps = intoOurs.filter((rule) => isJump(rule, table));
	const kept = reachable(
		intoOurs.filter((rule) => !jumps.includes(rule)).map(({ target = "" }) => target),
		{ table, owned },
	);
	const counts = new Map<string, number>();
	for (const { chain } of table.rules) counts.set(chain, (counts.get(chain) ?? 0) + 1);
	return {
		table: table.name,
		jumps: jumps.filter(({ target = "" }) => !kept.has(target)).map(({ text }) => text),
		chains: owned.filter((name) => !kept.has(name)).map((name) => ({ name, rules: counts.get(name) ?? 0 })),
		kept: [...kept],
	};
}

/** kube-proxy comments each of its jumps; a rule without comes from somebody who uses its chains. */
function isJump({ chain, text }: Rule, { builtIn }: Table): boolean {
	return builtIn.has(chain) && /--comment "?kubernetes[ "]/.test(text);
}

/** The chains that these lead to. A mark is of use only with the rule that heeds it, which is in KUBE-POSTROUTING. */
function reachable(
	from: readonly string[],
	{ table, owned }: { table: Table; owned: readonly string[] },
): Set<string> {
	const found = new Set<string>();
	const queue = [...from];
	for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
		if (found.has(name) || !owned.includes(name)) continue;
		found.add(name);
		if (name === "KUBE-MARK-MASQ") queue.push("KUBE-POSTROUTING");
		for (const { chain, target } of table.rules) {
			if (chain === name && target !== undefined) queue.push(target);
		}
	}
	return found;
}
