import { BpfError, VerifierError } from "bpf-loader";

/** An error for people: one line with what to try; with `verbose` also the verifier's log, stack and causes. */
export function formatError(
	error: unknown,
	{ command, verbose }: { command: string | undefined; verbose: boolean },
): string {
	const prefix = command === undefined ? "kproxy" : `kproxy ${command}`;
	const lines = [`${prefix}: ${oneLine(error)}`];
	if (verbose) {
		if (error instanceof VerifierError) {
			lines.push(...error.log);
		}
		lines.push(...stacks(error));
	} else if (!(error instanceof BpfError)) {
		lines[0] += " (not an error that kproxy expects: --verbose prints where it comes from)";
	}
	return `${lines.join("\n")}\n`;
}

/** Message and hint in one line; the hint is left out where the message has it already. */
export function oneLine(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	const hint = error instanceof BpfError ? error.hint : undefined;
	const line = hint === undefined || message.includes(hint) ? message : `${message}; ${hint}`;
	return line.replace(/\s*\n\s*/g, " ");
}

function* stacks(error: unknown): Generator<string> {
	for (let cause = error; cause instanceof Error; cause = cause.cause) {
		yield `${cause === error ? "" : "caused by "}${cause.stack ?? cause.message}`;
	}
}
