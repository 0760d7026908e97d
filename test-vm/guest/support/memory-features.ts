import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BpfError } from "bpf-loader";
import type { Feature } from "./feature.ts";

const child = fileURLToPath(new URL("locked-memory-child.ts", import.meta.url));

/** How the kernel accounts for memory of maps. */
export const memoryFeatures: readonly Feature[] = [
	{
		name: "memory of maps counts for the cgroup",
		fallback: "the limit on locked memory, which libbpf raises",
		works: () => {
			const args = ["--memlock=0:0", process.execPath, ...process.execArgv, child];
			const { status, error, stderr } = spawnSync("prlimit", args, { encoding: "utf8", timeout: 60_000 });
			if (error !== undefined) throw error;
			if (status === 0) return true;
			if (status !== 2) throw new Error(`locked-memory-child.ts: ${stderr}`);
			throw new BpfError("a map counts for locked memory", {
				code: "REFUSED",
				operation: "create",
				object: "map",
				errno: 1,
			});
		},
	},
];
