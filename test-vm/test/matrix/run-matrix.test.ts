import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { describeFile, describeKernels, totalsOf } from "../../matrix/report.ts";
import { type FileReport, runMatrix } from "../../matrix/run-matrix.ts";
import { useFakeQemu } from "../fake-qemu.ts";

const qemu = useFakeQemu();

/** Runs files of these names; `booted` has a kernel for each guest. */
async function run(
	kernels: readonly string[],
	files: readonly string[],
	guests = 1,
): Promise<{ reports: FileReport[]; booted: string[] }> {
	const booted: string[] = [];
	const reports = await runMatrix(
		kernels.map((name) => qemu.images(name)),
		files.map((file) => ({ file })),
		{
			accelerator: "emulation",
			memoryMiB: 64,
			guests,
			fileMs: 1_000,
			directory: mkdtempSync(join(qemu.directory, "run-")),
			booting: (kernel) => booted.push(kernel),
			finished() {},
		},
	);
	return { reports, booted };
}

test.serial("one guest runs all files, and a failed test is no fault of the guest", async (t) => {
	const { reports, booted } = await run(["6.1"], ["passes", "fails", "skips", "passes"]);
	t.deepEqual(booted, ["6.1"]);
	t.deepEqual(totalsOf(reports), { passed: 2, failed: 1, skipped: 1 });
	t.deepEqual(reports[1]?.explanations, ["it works", "  ---", "  message: no"]);
	t.regex(
		describeFile(reports[1] as FileReport, "2/4"),
		/^2\/4 6\.1 {2}FAILED fails: 0 passed, 1 failed in \d+ s\n {4}it works\n/,
	);
	t.regex(
		describeFile(reports[2] as FileReport, "3/4"),
		/^3\/4 6\.1 {2}ok skips: 0 passed, 0 failed, 1 skipped in \d+ s\n {4}skipped it works # SKIP$/,
	);
	t.regex(describeKernels(reports), /^6\.1 {4}2 passed, 1 failed, 1 skipped in 0\.\d minutes of a guest$/);
});

test.serial("a guest that dies costs the file that it died of; the next file gets a new guest", async (t) => {
	const { reports, booted } = await run(["6.1"], ["passes", "panics", "passes", "lasts", "passes"]);
	t.deepEqual(booted, ["6.1", "6.1", "6.1"]);
	t.deepEqual(totalsOf(reports), { passed: 3, failed: 2, skipped: 0 });
	t.is(reports[1]?.fault?.what, "panic: Kernel panic - not syncing: hung");
	t.is(reports[3]?.fault?.what, "timeout: took longer than 1 s");
	t.regex(
		describeFile(reports[1] as FileReport, "2/5"),
		/\n {4}\| \[ {4}1\.0\] Kernel panic - not syncing: hung$/,
	);
});

test.serial("guests share the work of two kernels", async (t) => {
	const { reports, booted } = await run(["5.10", "7.2"], ["passes", "passes", "passes"], 2);
	t.deepEqual([...new Set(booted)].sort(), ["5.10", "7.2"]);
	t.deepEqual(totalsOf(reports), { passed: 6, failed: 0, skipped: 0 });
});

test.serial(
	"a kernel that does not boot says how many files were not run, and the others go on",
	async (t) => {
		const { reports } = await run(["dies", "6.1"], ["passes", "passes"]);
		t.deepEqual(totalsOf(reports), { passed: 2, failed: 1, skipped: 0 });
		const dead = reports.find(({ kernel }) => kernel === "dies");
		t.is(dead?.fault?.what, "panic: Kernel panic - not syncing: no root; 2 files were not run");
	},
);

test.serial("ava that runs no test, or fails without one, is a failure", async (t) => {
	const { reports, booted } = await run(["6.1"], ["empty", "crashes", "passes"]);
	t.deepEqual(totalsOf(reports), { passed: 1, failed: 2, skipped: 0 });
	t.is(reports[0]?.fault?.what, "ava ran no test");
	t.is(reports[1]?.fault?.what, "ava ended with 1: cannot find module");
	t.is(booted.length, 1, "the guest is as good as before");
});
