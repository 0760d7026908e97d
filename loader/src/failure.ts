import { describeErrno, Errno, errnoName } from "./errno.ts";
import { BpfError, PermissionError } from "./errors.ts";
import { type Capability, explainPermission, readPermissionFacts } from "./permission.ts";

/** What was tried when the kernel or libbpf refused. */
export interface Attempt {
	/** Verb, as in `attach`. */
	operation: string;
	/** What it was done to, as in `program connect4`. */
	object: string;
	/** Words after the object, as in `to cgroup /sys/fs/cgroup/x`. */
	where?: string;
	/** Capabilities that it needs; with them EPERM becomes a PermissionError. */
	needs?: readonly Capability[];
	/** Errors that mean something special here. */
	meanings?: Meanings;
	/** What libbpf printed meanwhile. */
	log?: readonly string[];
}

/** What one error number means for one operation. */
export interface Meaning {
	code: string;
	why: string;
	hint?: string;
}

/** What error numbers mean for one operation, by number. */
export type Meanings = Readonly<Record<number, Meaning>>;

/** The error for an attempt that gave this errno (positive). `code` is the errno's name where no meaning is given. */
export function failure(attempt: Attempt, errno: number): BpfError {
	const { operation, object } = attempt;
	const what = `cannot ${operation} ${object}${attempt.where === undefined ? "" : ` ${attempt.where}`}`;
	const meaning = attempt.meanings?.[errno];
	const cause = logCause(attempt.log);
	if (meaning !== undefined) {
		const hint = meaning.hint === undefined ? "" : `: ${meaning.hint}`;
		const facts = { code: meaning.code, operation, object, errno, hint: meaning.hint, cause };
		return new BpfError(`${what}: ${meaning.why}${hint}`, facts);
	}
	if (errno === Errno.EPERM && attempt.needs !== undefined) {
		return permissionFailure({ operation, object, what, needs: attempt.needs }, errno, cause);
	}
	const said = attempt.log?.[0];
	const message = `${what}: ${describeErrno(errno)}${said === undefined ? "" : `: ${said}`}`;
	return new BpfError(message, { code: errnoName(errno), operation, object, errno, cause });
}

function permissionFailure(
	refused: { operation: string; object: string; what: string; needs: readonly Capability[] },
	errno: number,
	cause: Error | undefined,
): PermissionError {
	const { missing, why, hint } = explainPermission(readPermissionFacts(), refused.needs);
	return new PermissionError(`${refused.what}: ${why}: ${hint}`, {
		code: "PERMISSION",
		operation: refused.operation,
		object: refused.object,
		errno,
		hint,
		missing,
		cause,
	});
}

/** libbpf's own words, for whoever reads the chain of causes. */
function logCause(log: readonly string[] | undefined): Error | undefined {
	return log === undefined || log.length === 0 ? undefined : new Error(`libbpf: ${log.join("; ")}`);
}
