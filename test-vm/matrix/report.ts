import type { FileReport } from "./run-matrix.ts";

/** Tests of a run, or of one kernel. */
export interface Totals {
	passed: number;
	failed: number;
	skipped: number;
}

/** A file that came to no end is one failure. */
export function totalsOf(reports: readonly FileReport[]): Totals {
	const results = reports.flatMap((report) => report.results);
	const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
	const faults = reports.filter(({ fault }) => fault).length;
	return { passed: count("passed"), failed: count("failed") + faults, skipped: count("skipped") };
}

/** One line for a file that has ended, and below it what failed or was left out in it. */
export function describeFile(report: FileReport, place: string): string {
	const { passed, failed, skipped } = totalsOf([report]);
	const left = skipped > 0 ? `, ${skipped} skipped` : "";
	const head = `${place} ${report.kernel}  ${failed > 0 ? "FAILED" : "ok"} ${report.file}: ${passed} passed, ${failed} failed${left} in ${report.seconds.toFixed(0)} s`;
	const skips = report.results.filter(({ outcome }) => outcome === "skipped");
	return [
		head,
		...skips.map(({ title }) => `    skipped ${title}`),
		...report.explanations.map((line) => `    ${line}`),
		...(report.fault
			? [`    ${report.fault.what}`, ...report.fault.console.map((line) => `    | ${line}`)]
			: []),
	].join("\n");
}

/** A line for each kernel. */
export function describeKernels(reports: readonly FileReport[]): string {
	const kernels = [...new Set(reports.map(({ kernel }) => kernel))];
	const rows = kernels.map((kernel) => {
		const own = reports.filter((report) => report.kernel === kernel);
		const { passed, failed, skipped } = totalsOf(own);
		const minutes = own.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
		return `${kernel.padEnd(6)} ${passed} passed, ${failed} failed, ${skipped} skipped in ${minutes.toFixed(1)} minutes of a guest`;
	});
	return rows.join("\n");
}
