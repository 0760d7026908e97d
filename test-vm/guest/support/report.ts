/** What one kernel answered: printed as JSON by support.ts, and merged by test-vm/support. */
export interface SupportReport {
	/** Release, as in `6.1.0-37-amd64`. */
	kernel: string;
	/** Of each set of objects (`clang-14`), of each program (`tc.bpf.o from_pod`). */
	programs: Record<string, Record<string, ProgramAnswer>>;
	/** Of each feature. */
	features: Record<string, FeatureAnswer>;
}

/** Whether a program loads by itself. */
export type ProgramAnswer = { loads: true; instructions: number } | ProgramRefusal;

/** How the kernel refuses a program. */
export interface ProgramRefusal {
	/** Name of the errno, or the code of an error without one. */
	refused: string;
	/** One line: kernel, object, program, C file and line, reason. */
	line: string;
	/** Place in the C, as in `parse.h:12`; missing where the kernel refuses for something else than code. */
	at?: string;
}

/** Whether a feature works; `fallback` is what takes its place on this kernel, `refused` the errno where nothing does. */
export type FeatureAnswer = "works" | { fallback: string } | { refused: string };
