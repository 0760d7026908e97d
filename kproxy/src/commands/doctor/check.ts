import { BpfError } from "bpf-loader";

/** ok: as it should be. warn: works, but not as well as it could, or could not be checked. fail: kproxy cannot work. */
export type Level = "ok" | "warn" | "fail";

/** One line of the doctor's report. */
export interface Check {
	/** What it is about: `kernel`, `permissions`, `mounts`, `network`, `neighbours`, `canary`. */
	group: string;
	name: string;
	level: Level;
	/** What was found, in a few words. */
	found: string;
	/** How to get what is missing; only with `warn` and `fail`. */
	advice?: string | undefined;
}

/**
 * Runs checks that may themselves fail: then the failure is the finding, and the others still run. `level` says how bad
 * it is not to know.
 */
export async function collect(
	{ group, name, level = "fail" }: Pick<Check, "group" | "name"> & { level?: Level },
	checks: () => Check[] | Promise<Check[]>,
): Promise<Check[]> {
	try {
		return await checks();
	} catch (error) {
		const advice = error instanceof BpfError ? error.hint : undefined;
		return [{ group, name, level, found: (error as Error).message, advice }];
	}
}
