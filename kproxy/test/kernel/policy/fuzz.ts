import { describeFault } from "./describe-history.ts";
import { randomHistory } from "./history.ts";
import { play } from "./play.ts";
import type { PolicyKernel } from "./policy-kernel.ts";
import { shrinkHistory } from "./shrink-history.ts";
import type { PolicyCode } from "./writer.ts";

/** What a fuzz run did; `failure`: the smallest history that goes wrong, for a person to read. */
export interface FuzzReport {
	histories: number;
	packets: number;
	seconds: number;
	failure?: string;
}

export interface FuzzOptions {
	seed: number;
	/** How long, and how many of them; by default one of the two alone counts. */
	seconds?: number;
	histories?: number;
	/** What plans and writes; by default the package's own. */
	code?: PolicyCode | undefined;
	/** False: a failure is told as it was found. */
	shrink?: boolean;
}

/** Random histories from this seed on, at least one, until there were enough or one fails. */
export function fuzzPolicy(
	kernel: PolicyKernel,
	{
		seed,
		seconds = Number.POSITIVE_INFINITY,
		histories = Number.POSITIVE_INFINITY,
		code,
		shrink = true,
	}: FuzzOptions,
): FuzzReport {
	const report: FuzzReport = { histories: 0, packets: 0, seconds: 0 };
	const counting: PolicyKernel = {
		...kernel,
		passes(side, packet) {
			report.packets += 1;
			return kernel.passes(side, packet);
		},
	};
	const start = performance.now();
	const goesOn = () => report.seconds < seconds && report.histories < histories;
	for (let number = seed; report.histories === 0 || goesOn(); number++) {
		const history = randomHistory(number);
		const fault = play(counting, history, code);
		report.histories += 1;
		report.seconds = (performance.now() - start) / 1000;
		if (!fault) continue;
		if (!shrink) return { ...report, failure: `seed ${number}: ${describeFault(fault, history)}` };
		const least = shrinkHistory(history, fault.packet, (each) => play(kernel, each, code) !== undefined);
		const text = describeFault(play(kernel, least, code) ?? fault, least);
		return { ...report, failure: `seed ${number}: ${text}` };
	}
	return report;
}
