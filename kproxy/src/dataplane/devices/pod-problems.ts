import type { Problem } from "../../problem.ts";
import type { PodTies } from "./tie-pods.ts";

/** One problem for each address without an interface, and one for all that could not be read. */
export function podProblems({ untied }: Pick<PodTies, "untied">, failures: readonly unknown[]): Problem[] {
	const problems = untied.map(({ pod, address, message }): Problem => {
		const object = `Pod ${pod}`;
		return { id: `${object} ${address} POD_UNTIED`, object, code: "POD_UNTIED", message };
	});
	const [cause] = failures;
	return cause === undefined ? problems : [...problems, unread(cause)];
}

function unread(cause: unknown): Problem {
	const object = "pods' interfaces";
	const why = cause instanceof Error ? cause.message : String(cause);
	const message = `${object}: ${why}; what was known before is used, and it is tried again`;
	return { id: `${object} DEVICE_FAILED`, object, code: "DEVICE_FAILED", message };
}
