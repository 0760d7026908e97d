/** `npm run test:vm`: the privileged tests, in virtual machines with other kernels. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { adviseOn, missingTools } from "./image/find.ts";
import { makeProject } from "./image/project.ts";
import { HOST_TOOLS, TOOLS } from "./image/tools.ts";
import { runProgram } from "./kernels/apt.ts";
import { cacheDirectory, fetchKernel, KernelUnavailable } from "./kernels/fetch.ts";
import { type Kernel, kernelFromPath } from "./kernels/kernel.ts";
import { pickKernels, readKernelList } from "./kernels/list.ts";
import { withPlainModules } from "./kernels/unpack.ts";
import { chooseAccelerator } from "./machine/accelerator.ts";
import { type Accelerator, type GuestImages, QEMU, qemuArguments } from "./machine/qemu.ts";
import { jobsFor, kernelTests } from "./matrix/files.ts";
import { baseImage, imagesOf } from "./matrix/images.ts";
import { describeFile, describeKernels, totalsOf } from "./matrix/report.ts";
import { runMatrix } from "./matrix/run-matrix.ts";
import { buildObjects, findSupport, SUPPORT_TOOLS } from "./matrix/run-support.ts";
import { SMOKE_TESTS, smokeKernels } from "./matrix/smoke.ts";

const CHECKOUT = fileURLToPath(new URL("..", import.meta.url));
/** Of one guest: a million entries in a map fit, and the files that tests change. */
const MEMORY_MIB = 3072;

const args = await yargs(process.argv.slice(2))
	.scriptName("npm run test:vm --")
	.usage(
		"$0 [options]\n\nRuns the privileged tests in virtual machines with the kernels of test-vm/kernels.json.",
	)
	.option("kernel", {
		type: "string",
		array: true,
		describe: "Names of kernels.json, with commas between, or the path of a kernel file; default: all",
		coerce: (given: string[]) => given.flatMap((text) => text.split(",")).filter(Boolean),
	})
	.option("modules", { type: "string", describe: "Directory with the modules of a kernel given by its path" })
	.option("grep", {
		type: "string",
		array: true,
		describe: "Only files whose path, else tests whose title, has this text; may be given more than once",
	})
	.option("smoke", {
		type: "boolean",
		default: false,
		describe: "The small set, on the oldest and the newest kernel",
	})
	.option("support", {
		type: "boolean",
		default: false,
		describe:
			"No tests: try every program and feature, and write test-vm/support.json and what follows from it",
	})
	.option("shell", {
		type: "boolean",
		default: false,
		describe: "A shell in a guest, with the project in /kproxy",
	})
	.option("guests", { type: "number", describe: "Guests at a time; default: as processors and memory allow" })
	.option("file-timeout", { type: "number", default: 1800, describe: "Seconds that one test file may take" })
	.strict()
	.version(false)
	.help()
	.alias("help", "h")
	.parseAsync();

process.exitCode = await main();

async function main(): Promise<number> {
	const advice = adviseOn(missingTools([...TOOLS, ...HOST_TOOLS]));
	if (advice) return fail(advice);
	const directory = mkdtempSync(join(tmpdir(), "kproxy-vm-"));
	process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
	try {
		if (args.shell) return await openShell(directory);
		return args.support ? await writeSupport(directory) : await runTests(directory);
	} catch (error) {
		return fail((error as Error).message);
	}
}

function fail(message: string): number {
	say(message);
	return 1;
}

function say(line: string): void {
	console.error(`test:vm: ${line}`);
}

/** The kernels asked for. One that is not required, and not asked for by its name, may be missing. */
async function findKernels(directory: string): Promise<Kernel[]> {
	const given = args.kernel ?? [];
	const paths = given.filter((name) => name.includes("/"));
	const names = given.filter((name) => !name.includes("/"));
	const kernels = await Promise.all(
		paths.map((path, index) => {
			const kernel = kernelFromPath(path, args.modules);
			return withPlainModules(kernel, join(directory, `modules-${index}`), runProgram);
		}),
	);
	if (paths.length > 0 && names.length === 0) return kernels;
	const list = args.smoke && names.length === 0 ? smokeKernels(readKernelList()) : readKernelList();
	for (const entry of pickKernels(list, names)) {
		try {
			kernels.push(await fetchKernel(entry, { cache: cacheDirectory(), say }));
		} catch (error) {
			if (!(error instanceof KernelUnavailable) || entry.required || names.includes(entry.name)) throw error;
			say(`left out: ${error.message}`);
		}
	}
	return kernels;
}

async function runTests(directory: string): Promise<number> {
	const kernels = await findKernels(directory);
	const jobs = jobsFor(args.smoke ? SMOKE_TESTS : kernelTests(CHECKOUT), args.grep ?? []);
	if (jobs.length === 0)
		return fail(`no test has ${args.grep?.join(" or ")} in its file's path or its title`);
	const images = makeImages(kernels, directory);
	const accelerator = await acceleratorFor(images, directory);
	const guests = Math.max(
		1,
		args.guests ?? Math.min(availableParallelism(), freemem() / 2 ** 20 / MEMORY_MIB),
	);
	const total = jobs.length * images.length;
	say(`${jobs.length} test files on ${kernels.map(({ name }) => name).join(", ")}, by ${accelerator}`);
	let done = 0;
	const reports = await runMatrix(images, jobs, {
		accelerator,
		memoryMiB: MEMORY_MIB,
		guests: Math.floor(Math.min(guests, total)),
		fileMs: args.fileTimeout * 1000,
		directory,
		booting: (kernel) => say(`booting ${kernel}`),
		finished: (report) =>
			console.log(describeFile(report, `${String(++done).padStart(`${total}`.length)}/${total}`)),
	});
	const { passed, failed } = totalsOf(reports);
	console.log(`\n${describeKernels(reports)}\n\n${passed} passed, ${failed} failed`);
	return failed > 0 ? 1 : 0;
}

/** Tries every kernel before anything is written, one after the other: a guest takes a minute or two. */
async function writeSupport(directory: string): Promise<number> {
	const advice = adviseOn(missingTools(SUPPORT_TOOLS));
	if (advice) return fail(advice);
	const objects = buildObjects(CHECKOUT, join(directory, "objects"));
	const images = makeImages(await findKernels(directory), directory, objects);
	const accelerator = await acceleratorFor(images, directory);
	const reports: string[] = [];
	for (const image of images) {
		const { name } = image.kernel;
		say(`trying ${name}, by ${accelerator}`);
		const console = join(directory, `console-${name}`);
		const report = await findSupport(image, { accelerator, memoryMiB: MEMORY_MIB, console });
		const path = join(directory, `${name}.json`);
		writeFileSync(path, JSON.stringify(report));
		reports.push(path);
	}
	const write = spawn(process.execPath, ["test-vm/support/main.ts", "write", ...reports], {
		cwd: CHECKOUT,
		stdio: "inherit",
	});
	const [code] = (await once(write, "exit")) as [number | null];
	return code ?? 1;
}

async function acceleratorFor([first]: readonly GuestImages[], directory: string): Promise<Accelerator> {
	if (!first) throw new Error("there is no kernel to run");
	return await chooseAccelerator(first, join(directory, "console-probe"));
}

function makeImages(
	kernels: readonly Kernel[],
	directory: string,
	extra: Readonly<Record<string, string>> = {},
) {
	const base = baseImage(cacheDirectory(), say);
	say("making the image of the project");
	const project = makeProject(CHECKOUT, join(directory, "project.squashfs"), extra);
	return kernels.map((kernel) => imagesOf(kernel, { base, project }, directory));
}

async function openShell(directory: string): Promise<number> {
	const [images] = makeImages((await findKernels(directory)).slice(0, 1), directory);
	if (!images) return fail("there is no kernel to run");
	const accelerator = await acceleratorFor([images], directory);
	const qemu = spawn(QEMU, qemuArguments({ ...images, accelerator, memoryMiB: MEMORY_MIB }), {
		stdio: "inherit",
	});
	const [code] = (await once(qemu, "exit")) as [number | null];
	return code ?? 1;
}
