/** Packages of another Debian suite, by apt with a state of its own: the machine's package lists stay as they are. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** How long the lists of a suite count as current. */
const LISTS_AGE_MS = 24 * 3600 * 1000;
/** Which mirror a machine has is its own affair. */
const ADDRESS = /\b(?:https?|ftp):\/\/\S+/g;
const run = promisify(execFile);

/** Runs a program; the result is its stdout. Rejects with one line: the last of what it calls an error. */
export type Run = (program: string, args: readonly string[], options?: { cwd: string }) => Promise<string>;

export const runProgram: Run = async (program, args, options) => {
	try {
		return (await run(program, [...args], { ...options, encoding: "utf8", maxBuffer: 2 ** 26 })).stdout;
	} catch (error) {
		const { stderr = "", message } = error as Error & { stderr?: string };
		const lines = stderr
			.trim()
			.split("\n")
			.filter((line) => /^(E|W|Err):/.test(line));
		const line = lines.at(-1) ?? message.split("\n")[0] ?? `${program} failed`;
		throw new Error(line.replace(ADDRESS, "the mirror"), { cause: error });
	}
};

/** apt for one suite. `directory` holds its lists, and is made where it is missing. */
export class Suite {
	readonly #directory: string;
	readonly #suite: string;
	readonly #run: Run;

	constructor(directory: string, suite: string, run: Run = runProgram) {
		this.#directory = directory;
		this.#suite = suite;
		this.#run = run;
	}

	/** Reads the suite's lists from the machine's own mirror, unless that was done in the last day. */
	async update(): Promise<void> {
		const done = join(this.#directory, "updated");
		if (existsSync(done) && Date.now() - statSync(done).mtimeMs < LISTS_AGE_MS) return;
		if (!existsSync(KEYRING))
			throw new Error("no keys of Debian here: apt-get install debian-archive-keyring");
		for (const path of ["state/lists/partial", "cache/archives/partial"])
			mkdirSync(join(this.#directory, path), { recursive: true });
		const targets = await this.#run("apt-get", [
			"indextargets",
			"--format",
			"$(REPO_URI)|$(ORIGIN)|$(LABEL)",
		]);
		const source = `deb [signed-by=${KEYRING}] ${mirrorOf(targets)} ${this.#suite} main\n`;
		writeFileSync(join(this.#directory, "sources.list"), source);
		// Without this, lists that could not be read are a warning.
		await this.#run("apt-get", [...this.#options(), "-o", "APT::Update::Error-Mode=any", "update"]);
		writeFileSync(done, "");
		utimesSync(done, new Date(), new Date());
	}

	/** The packages of a kernel that another package depends on: image and modules, without what an installation needs. */
	async kernelPackages(meta: string): Promise<string[]> {
		const args = [
			"depends",
			"--recurse",
			"--no-recommends",
			"--no-suggests",
			"--no-breaks",
			"--no-conflicts",
		];
		const listed = await this.#run("apt-cache", [...this.#options(), ...args, meta]);
		const names = listed
			.split("\n")
			.filter((line) => /^linux-(image|binary|modules)-\d/.test(line) && !line.endsWith("-unsigned"));
		if (names.length === 0) throw new Error(`${meta} of ${this.#suite} depends on no kernel`);
		return [...new Set(names)];
	}

	/** Puts the packages, checked against the lists, into a directory. */
	async download(packages: readonly string[], directory: string): Promise<void> {
		await this.#run("apt-get", [...this.#options(), "download", ...packages], { cwd: directory });
	}

	#options(): string[] {
		const at = (path: string) => join(this.#directory, path);
		const options = {
			"Dir::State": at("state"),
			"Dir::State::status": "/dev/null",
			"Dir::Cache": at("cache"),
			"Dir::Etc::sourcelist": at("sources.list"),
			"Dir::Etc::sourceparts": "/dev/null",
			// The download is done by this process's user: apt's own may not see the directory.
			"APT::Sandbox::User": "root",
		};
		return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
	}
}

/** The address that this machine has Debian's packages from, of what `apt-get indextargets` says. */
export function mirrorOf(targets: string): string {
	const sources = targets.split("\n").map((line) => line.split("|"));
	const debian = sources.find(([, origin, label]) => origin === "Debian" && label === "Debian");
	if (!debian?.[0]) {
		throw new Error(
			"this machine's apt has no mirror of Debian: give a kernel by --kernel PATH, or add Debian to its sources and run apt-get update",
		);
	}
	return debian[0];
}
