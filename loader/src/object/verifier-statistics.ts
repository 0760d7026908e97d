/** What the verifier counted while it walked through a program. */
export interface VerifierStatistics {
	/** Instructions that it walked through; the kernel's limit is 1,000,000. */
	readonly verifiedInstructions: number;
	/** Bytes of stack of the program and of each function that is verified by itself, in the order of the C. */
	readonly stackDepths: readonly number[];
}

/** `BPF_LOG_STATS`: the counts alone, without the verifier's steps. */
export const statisticsLogLevel = 4;

/** Bytes that hold the counts, and what else libbpf and the verifier say of a program that is accepted. */
export const statisticsLogSize = 1 << 16;

/** The counts at the end of a log; undefined where it has none. */
export function readStatistics(log: Buffer): VerifierStatistics | undefined {
	const text = log.toString("utf8", 0, Math.max(0, log.indexOf(0)));
	const verified = /^processed (\d+) insns/m.exec(text)?.[1];
	if (verified === undefined) return undefined;
	const depths = /^stack depth ([\d+]+)/m.exec(text)?.[1]?.split("+") ?? [];
	return { verifiedInstructions: Number(verified), stackDepths: depths.map(Number) };
}
