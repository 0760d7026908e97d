import { readFileSync } from "node:fs";

/** A kernel of the matrix, as `kernels.json` has it. */
export interface KernelEntry {
	/** Version without the patch level, as in `6.1`. */
	name: string;
	/** Debian suite that has it. Where the suite has moved on to another version, fetching it fails and says so. */
	suite: string;
	/** A package that depends on the newest kernel of the suite. */
	package: string;
	/** Fails the run where it cannot be had; else it is left out, and the run says so. */
	required: boolean;
}

const LIST = new URL("../kernels.json", import.meta.url);

/** The kernels of the matrix, oldest first. Throws where the file is not what it should be. */
export function readKernelList(text = readFileSync(LIST, "utf8")): KernelEntry[] {
	const list = Object.entries(JSON.parse(text) as Record<string, Partial<KernelEntry>>);
	return list.map(([name, entry]) => ({ name, ...checkEntry(name, entry) })).sort(byVersion);
}

function checkEntry(name: string, entry: Partial<KernelEntry>): Omit<KernelEntry, "name"> {
	const { suite, package: meta, required } = entry;
	if (!/^\d+\.\d+$/.test(name)) throw new Error(`kernels.json: ${name} is no version such as 6.1`);
	if (typeof suite !== "string" || typeof meta !== "string" || typeof required !== "boolean")
		throw new Error(
			`kernels.json: ${name} needs suite and package, which are text, and required, true or false`,
		);
	return { suite, package: meta, required };
}

/** Orders kernels or anything else with a version for a name. */
export function byVersion(a: { name: string }, b: { name: string }): number {
	const [majorA = 0, minorA = 0] = a.name.split(".").map(Number);
	const [majorB = 0, minorB = 0] = b.name.split(".").map(Number);
	return majorA - majorB || minorA - minorB;
}

/** The entries named, or all. Throws for a name that is not in the list. */
export function pickKernels(list: readonly KernelEntry[], names: readonly string[]): KernelEntry[] {
	for (const name of names) {
		if (!list.some((entry) => entry.name === name))
			throw new Error(
				`no kernel ${name} in kernels.json: it has ${list.map((entry) => entry.name).join(", ")}`,
			);
	}
	return list.filter((entry) => names.length === 0 || names.includes(entry.name));
}
