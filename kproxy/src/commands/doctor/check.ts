/** ok: as it should be. warn: works, but not as well as it could, or could not be checked. fail: kproxy cannot work. */
export type Level = "ok" | "warn" | "fail";

/** One line of the doctor's report. */
export interface Check {
	/** What it is about: `kernel`, `permissions`, `mounts`, `neighbours`, `canary`. */
	group: string;
	name: string;
	level: Level;
	/** What was found, in a few words. */
	found: string;
	/** How to get what is missing; only with `warn` and `fail`. */
	advice?: string | undefined;
}

/** Runs checks that may themselves fail: then the failure is the finding, and the others still run. */
export async function collect(
	group: string,
	name: string,
	checks: () => Check[] | Promise<Check[]>,
	advice?: string,
): Promise<Check[]> {
	try {
		return await checks();
	} catch (error) {
		const hint = (error as { hint?: string }).hint;
		return [{ group, name, level: "fail", found: (error as Error).message, advice: hint ?? advice }];
	}
}
