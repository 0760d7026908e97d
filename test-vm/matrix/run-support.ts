import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { SupportReport } from "../guest/support/report.ts";
import type { Tool } from "../image/tools.ts";
import { Guest } from "../machine/guest.ts";
import type { GuestImages, QemuOptions } from "../machine/qemu.ts";

/** The compilers whose objects are tried: the oldest that is supported, and those of later Debian releases. */
const CLANGS = ["14", "16", "19"];
/** Where the objects are in a guest. */
const IN_GUEST = "objects";
const TIMEOUT_MS = 30 * 60 * 1000;

/** What the host needs to make them. */
export const SUPPORT_TOOLS: readonly Tool[] = CLANGS.map((version) => ({
	name: `clang-${version}`,
	package: `clang-${version}`,
}));

/** Compiles every program with every compiler; the result is what goes into the guests' image, by its path there. */
export function buildObjects(checkout: string, directory: string): Record<string, string> {
	const build = (args: readonly string[]) =>
		execFileSync(join(checkout, "scripts/build-bpf"), args, {
			cwd: checkout,
			stdio: ["ignore", "ignore", "inherit"],
		});
	for (const version of CLANGS) build(["--out", join(directory, `clang-${version}`), "--clang", version]);
	build(["--out", join(directory, "features"), "test-vm/bpf/features.bpf.c"]);
	return { [IN_GUEST]: directory };
}

/** What one kernel can do. Rejects with GuestError, or with the line that says why it could not be found out. */
export async function findSupport(
	images: GuestImages,
	options: Pick<QemuOptions, "accelerator" | "memoryMiB"> & { console: string },
): Promise<SupportReport> {
	const guest = await Guest.boot({ ...images, ...options });
	const stdout: string[] = [];
	const stderr: string[] = [];
	try {
		const onLine = (text: string, stream: "stdout" | "stderr") =>
			(stream === "stdout" ? stdout : stderr).push(text);
		const { how, code } = await guest.run(supportCommand(), { timeoutMs: TIMEOUT_MS, onLine });
		if (code !== 0) throw new Error(`${images.kernel.name}: support.ts ${how}: ${stderr.join(" ")}`);
		return JSON.parse(stdout.join("\n")) as SupportReport;
	} finally {
		guest.close();
	}
}

function supportCommand(): string[] {
	const sets = CLANGS.flatMap((version) => ["--objects", `clang-${version}=/${IN_GUEST}/clang-${version}`]);
	const features = ["--features", `/${IN_GUEST}/features/features.bpf.o`];
	return ["node", "--conditions=source", "test-vm/guest/support.ts", ...features, ...sets];
}
