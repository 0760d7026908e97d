/** Facts that every error of the toolkit carries. */
export interface BpfErrorFacts {
	/** Stable identifier to match on, such as `LIBBPF_MISSING` or `MAP_FULL`. */
	code: string;
	/** What was being done: `load`, `attach`, `update`. */
	operation: string;
	/** What it was done to: a program, map, path. */
	object: string;
	/** Linux error number, positive. */
	errno?: number | undefined;
	/** What to try next, one sentence. */
	hint?: string | undefined;
	cause?: unknown;
}

/** An eBPF operation that failed. The message is one line that stands alone; match on `code`. */
export class BpfError extends Error {
	readonly code: string;
	readonly operation: string;
	readonly object: string;
	readonly errno: number | undefined;
	readonly hint: string | undefined;

	constructor(message: string, facts: BpfErrorFacts) {
		super(message, { cause: facts.cause });
		this.name = new.target.name;
		this.code = facts.code;
		this.operation = facts.operation;
		this.object = facts.object;
		this.errno = facts.errno;
		this.hint = facts.hint;
	}
}

/** The verifier refused a program. `log` has every line; `file` and `line` say where in the C source, if BTF tells. */
export class VerifierError extends BpfError {
	readonly program: string;
	readonly log: readonly string[];
	readonly file: string | undefined;
	readonly line: number | undefined;

	constructor(
		message: string,
		facts: BpfErrorFacts & {
			program: string;
			log: readonly string[];
			file?: string | undefined;
			line?: number | undefined;
		},
	) {
		super(message, facts);
		this.program = facts.program;
		this.log = facts.log;
		this.file = facts.file;
		this.line = facts.line;
	}
}

/** The running kernel lacks a feature. */
export class UnsupportedError extends BpfError {
	readonly feature: string;
	/** First kernel that has it, of those that were tried, as in `6.12`; undefined where none of them has. */
	readonly firstKernel: string | undefined;

	constructor(message: string, facts: BpfErrorFacts & { feature: string; firstKernel?: string | undefined }) {
		super(message, facts);
		this.feature = facts.feature;
		this.firstKernel = facts.firstKernel;
	}
}

/** The kernel said EPERM or EACCES; `missing` names the capability, lockdown or sysctl in the way. */
export class PermissionError extends BpfError {
	readonly missing: string;

	constructor(message: string, facts: BpfErrorFacts & { missing: string }) {
		super(message, facts);
		this.missing = facts.missing;
	}
}

/** Two sides disagree on a size: `expected` is the caller's, `actual` the kernel's, in bytes. */
export class LayoutError extends BpfError {
	readonly expected: number;
	readonly actual: number;

	constructor(message: string, facts: BpfErrorFacts & { expected: number; actual: number }) {
		super(message, facts);
		this.expected = facts.expected;
		this.actual = facts.actual;
	}
}

/**
 * A map operation failed. `MAP_FULL` carries use and limit, in entries; a batch that stopped half-way says in `written`
 * how many of its entries were done before.
 */
export class MapError extends BpfError {
	readonly map: string;
	readonly used: number | undefined;
	readonly limit: number | undefined;
	readonly written: number | undefined;

	constructor(message: string, facts: BpfErrorFacts & MapErrorFacts) {
		super(message, facts);
		this.map = facts.map;
		this.used = facts.used;
		this.limit = facts.limit;
		this.written = facts.written;
	}
}

/** What a MapError knows beyond a BpfError: the map's name, and counts of entries. */
export interface MapErrorFacts {
	map: string;
	used?: number | undefined;
	limit?: number | undefined;
	written?: number | undefined;
}
