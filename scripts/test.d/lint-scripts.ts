import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../test-vm/image/find.ts";
import { type Counts, check, sum } from "./check.ts";

/** Shell scripts by shellcheck, and the Vagrantfile where vagrant is installed. */
export async function lintScripts(): Promise<Counts> {
	return sum([await check("shellcheck", ["shellcheck", ...shellScripts()]), await lintVagrantfile()]);
}

/** What has no name's ending in scripts/ and .ci/, and every .sh file of the directories that have some. */
function shellScripts(): string[] {
	const commands = list("scripts").concat(list(".ci"));
	const parts = ["vagrant/cluster", "test-vm/guest"].flatMap(list).filter((file) => file.endsWith(".sh"));
	return [...commands, ...parts];
}

function list(directory: string): string[] {
	return readdirSync(directory)
		.map((name) => join(directory, name))
		.filter((file) => statSync(file).isFile());
}

/** Without a provider, which only running it needs; what vagrant writes goes to a directory that is removed. */
async function lintVagrantfile(): Promise<Counts> {
	if (findProgram("vagrant") === undefined) {
		console.log("   skipped: vagrant is not installed");
		return { passed: 0, failed: 0 };
	}
	const scratch = mkdtempSync(join(tmpdir(), "kproxy-vagrant-"));
	const env = {
		VAGRANT_HOME: join(scratch, "home"),
		VAGRANT_DOTFILE_PATH: join(scratch, "machines"),
		VAGRANT_CHECKPOINT_DISABLE: "1",
	};
	try {
		const command = ["vagrant", "validate", "--ignore-provider"];
		return await check("vagrant validate", command, { directory: "vagrant", env });
	} finally {
		rmSync(scratch, { recursive: true });
	}
}
