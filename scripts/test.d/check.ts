import { type Command, runCommand } from "./command.ts";

/** How many tests or checks passed and failed. */
export interface Counts {
	passed: number;
	failed: number;
}

/** One command as one check: prints what it wrote where it fails. */
export async function check(
	name: string,
	command: readonly string[],
	options: Partial<Command> = {},
): Promise<Counts> {
	const { ok, how, output } = await runCommand({ timeoutS: 120, ...options, command });
	console.log(ok ? `   ok ${name}` : `   FAILED ${name}: ${how}\n${output.trimEnd()}`);
	return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** One fact as one check. */
export function expect(name: string, holds: boolean, otherwise: string): Counts {
	console.log(holds ? `   ok ${name}` : `   FAILED ${name}: ${otherwise}`);
	return holds ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** All counts together. */
export function sum(counts: readonly Counts[]): Counts {
	const none = { passed: 0, failed: 0 };
	return counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), none);
}
