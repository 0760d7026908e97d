import { join } from "node:path";
import { type TapResult, tapReader } from "../../scripts/test.d/tap.ts";
import { Guest, GuestError } from "../machine/guest.ts";
import type { Accelerator, GuestImages } from "../machine/qemu.ts";
import { avaCommand, type Job } from "./files.ts";

/** What came of one test file in one guest. */
export interface FileReport {
	kernel: string;
	file: string;
	seconds: number;
	results: TapResult[];
	/** Lines that explain what failed, with the title in front of each group. */
	explanations: string[];
	/** Where the file came to no end: the guest's fault, or how ava ended. */
	fault?: { what: string; console: readonly string[] };
}

export interface MatrixOptions {
	accelerator: Accelerator;
	memoryMiB: number;
	/** Guests at a time. */
	guests: number;
	/** Longest that one file may take, in ms. */
	fileMs: number;
	/** For consoles. */
	directory: string;
	/** Told each guest's start, and each file's end. */
	booting(kernel: string): void;
	finished(report: FileReport): void;
}

/** Work left for one kernel. */
interface Queue {
	images: GuestImages;
	jobs: Job[];
	guests: number;
}

/** Runs every job on every kernel. A guest that dies costs the file that it died of, and the next file gets a new one. */
export async function runMatrix(
	kernels: readonly GuestImages[],
	jobs: readonly Job[],
	options: MatrixOptions,
): Promise<FileReport[]> {
	const queues: Queue[] = kernels.map((images) => ({ images, jobs: [...jobs], guests: 0 }));
	const reports: FileReport[] = [];
	let booted = 0;

	async function work(): Promise<void> {
		for (let queue = pick(queues); queue; queue = pick(queues)) {
			queue.guests++;
			await drain(queue, join(options.directory, `console-${++booted}`));
			queue.guests--;
		}
	}

	/** Boots one guest and gives it files until none is left, or it dies. */
	async function drain(queue: Queue, console: string): Promise<void> {
		const { images } = queue;
		const { kernel } = images;
		options.booting(kernel.name);
		let guest: Guest | undefined;
		try {
			guest = await Guest.boot({ ...images, ...options, console });
			for (let job = queue.jobs.shift(); job; job = queue.jobs.shift()) {
				const report = await runFile(guest, job, { kernel: kernel.name, timeoutMs: options.fileMs });
				reports.push(report);
				options.finished(report);
				if (report.fault && report.fault.console.length > 0) return;
			}
		} catch (error) {
			if (!(error instanceof GuestError)) throw error;
			const what = `${error.fault}: ${error.message}; ${queue.jobs.length} files were not run`;
			const fault = { what, console: error.console };
			const report = { kernel: kernel.name, file: "boot", seconds: 0, results: [], explanations: [], fault };
			queue.jobs = [];
			reports.push(report);
			options.finished(report);
		} finally {
			guest?.close();
		}
	}

	await Promise.all(Array.from({ length: options.guests }, work));
	return reports;
}

/** The kernel that has work left and the fewest guests at it. */
function pick(queues: readonly Queue[]): Queue | undefined {
	const left = queues.filter(({ jobs }) => jobs.length > 0);
	return left.sort((a, b) => a.guests - b.guests || b.jobs.length - a.jobs.length)[0];
}

async function runFile(
	guest: Guest,
	job: Job,
	{ kernel, timeoutMs }: { kernel: string; timeoutMs: number },
): Promise<FileReport> {
	const startedMs = performance.now();
	const report: FileReport = { kernel, file: job.file, seconds: 0, results: [], explanations: [] };
	const errors: string[] = [];
	const read = tapReader({
		result(result) {
			report.results.push(result);
			if (result.outcome === "failed") report.explanations.push(result.title);
		},
		explanation: (line) => report.explanations.push(line),
	});
	const onLine = (text: string, stream: "stdout" | "stderr") =>
		stream === "stdout" ? read(text) : errors.push(text);
	try {
		const { how, code } = await guest.run(avaCommand(job), { timeoutMs, onLine });
		const failed = report.results.some(({ outcome }) => outcome === "failed");
		if (code !== 0 && !failed)
			report.fault = { what: `ava ${how}: ${errors.at(-1) ?? "it said nothing"}`, console: [] };
		if (code === 0 && report.results.length === 0) report.fault = { what: "ava ran no test", console: [] };
	} catch (error) {
		if (!(error instanceof GuestError)) throw error;
		report.fault = { what: `${error.fault}: ${error.message}`, console: error.console };
	}
	report.seconds = (performance.now() - startedMs) / 1000;
	return report;
}
