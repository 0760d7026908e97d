/** One test of a TAP stream, as ava writes it. */
export interface TapResult {
	title: string;
	outcome: "passed" | "failed" | "skipped";
}

/** Told what a stream says, in its order: a failed test's explanation follows it, a line at a time. */
export interface TapListener {
	result(result: TapResult): void;
	explanation(line: string): void;
}

/** Reads TAP: to be called with each line. */
export function tapReader({ result, explanation }: TapListener): (line: string) => void {
	let explaining = false;
	return (line) => {
		const test = /^(not )?ok \d+ - (.*)$/.exec(line);
		if (!test) {
			if (explaining && /^\s/.test(line)) explanation(line);
			return;
		}
		const [, failed, title = ""] = test;
		const skipped = /# (SKIP|TODO)$/i.test(title);
		explaining = failed !== undefined && !skipped;
		result({ title, outcome: skipped ? "skipped" : failed ? "failed" : "passed" });
	};
}
