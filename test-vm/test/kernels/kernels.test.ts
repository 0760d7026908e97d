import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { mirrorOf, type Run, runProgram } from "../../kernels/apt.ts";
import { cacheDirectory, fetchKernel, KernelUnavailable } from "../../kernels/fetch.ts";
import { pickKernels, readKernelList } from "../../kernels/list.ts";
import { withPlainModules } from "../../kernels/unpack.ts";
import { smokeKernels } from "../../matrix/smoke.ts";

const ENTRY = { name: "6.1", suite: "bookworm", package: "linux-image-cloud-amd64", required: true };

function temporary(t: ExecutionContext): string {
	const directory = mkdtempSync(join(tmpdir(), "kproxy-kernels-"));
	t.teardown(() => rmSync(directory, { recursive: true }));
	return directory;
}

function put(path: string, text = ""): void {
	mkdirSync(join(path, ".."), { recursive: true });
	writeFileSync(path, text);
}

test("the list is oldest first, and what is wrong in it is named", (t) => {
	const entry = { suite: "sid", package: "linux-image", required: false };
	const list = readKernelList(JSON.stringify({ "6.12": entry, "5.10": entry, "6.1": entry }));
	t.deepEqual(
		list.map(({ name }) => name),
		["5.10", "6.1", "6.12"],
	);
	t.deepEqual(
		smokeKernels(list).map(({ name }) => name),
		["5.10", "6.12"],
	);
	t.throws(() => readKernelList('{ "six": {} }'), { message: /six is no version/ });
	t.throws(() => readKernelList('{ "6.1": { "suite": "sid", "package": "x" } }'), {
		message: /6\.1 needs suite/,
	});
	t.throws(() => pickKernels(list, ["6.6"]), {
		message: "no kernel 6.6 in kernels.json: it has 5.10, 6.1, 6.12",
	});
});

test("the project's own list can be read", (t) => {
	t.true(readKernelList().some(({ required }) => required));
});

/** A run that knows apt's commands: packages are unpacked to what a kernel's have. */
function fakeRun(calls: string[], { release = "6.1.0-50-cloud-amd64", modules = ["veth.ko.xz"] } = {}): Run {
	return async (program, args, options) => {
		calls.push(`${program} ${args.filter((arg) => !arg.includes("/") && !arg.includes("=")).join(" ")}`);
		if (args.includes("indextargets")) return "http://mirror.test/debian/|Debian|Debian\n";
		if (program === "apt-cache") return `linux-image-cloud-amd64\n  Depends: x\nlinux-image-${release}\n`;
		if (args.includes("download")) put(join(options?.cwd ?? "", "kernel.deb"));
		if (program === "dpkg-deb") {
			const root = args.at(-1) ?? "";
			put(join(root, `boot/vmlinuz-${release}`), "kernel");
			for (const module of modules) put(join(root, "lib/modules", release, module));
		}
		return "";
	};
}

test("a kernel is fetched once: packages by apt, modules unpacked; then nothing is run any more", async (t) => {
	const cache = temporary(t);
	const calls: string[] = [];
	const said: string[] = [];
	const options = { cache, say: (line: string) => said.push(line), run: fakeRun(calls) };
	const kernel = await fetchKernel(ENTRY, options);
	t.is(kernel.release, "6.1.0-50-cloud-amd64");
	t.is(readFileSync(kernel.image, "utf8"), "kernel");
	t.true(calls.some((call) => call.startsWith("xz --decompress")));
	t.is(calls.at(-1), "busybox depmod -b 6.1.0-50-cloud-amd64");
	t.deepEqual(said, [
		"kernel 6.1: reading the package lists of bookworm",
		"kernel 6.1: downloading linux-image-6.1.0-50-cloud-amd64",
	]);
	const refuse: Run = () => Promise.reject(new Error("nothing is to be run"));
	t.deepEqual(await fetchKernel(ENTRY, { cache, say() {}, run: refuse }), kernel);
});

test("a suite that cannot be reached is told in one line, and leaves nothing in the cache", async (t) => {
	const cache = temporary(t);
	const run: Run = async (program, args, options) => {
		if (args.includes("update")) throw new Error("E: Failed to fetch the mirror  Could not connect");
		return await fakeRun([])(program, args, options);
	};
	const error = await t.throwsAsync(fetchKernel(ENTRY, { cache, say() {}, run }), {
		instanceOf: KernelUnavailable,
	});
	t.is(
		error.message,
		"kernel 6.1 is not in the cache, and bookworm cannot give it: E: Failed to fetch the mirror  Could not connect",
	);
	t.is(error.kernel, ENTRY);
	await t.throwsAsync(fetchKernel(ENTRY, { cache, say() {}, run }), { instanceOf: KernelUnavailable });
});

test("a suite that has moved on to another version is told", async (t) => {
	const options = { cache: temporary(t), say() {}, run: fakeRun([], { release: "6.12.9-cloud-amd64" }) };
	await t.throwsAsync(fetchKernel(ENTRY, options), {
		instanceOf: KernelUnavailable,
		message: /bookworm cannot give it: it has 6\.12\.9-cloud-amd64: change kernels\.json$/,
	});
});

test("Debian's mirror is found among others, and its absence says what to do", (t) => {
	t.is(
		mirrorOf("http://a.test/|Docker|Docker\nhttp://b.test/debian|Debian|Debian\n"),
		"http://b.test/debian",
	);
	t.throws(() => mirrorOf("http://a.test/|Ubuntu|Ubuntu\n"), { message: /give a kernel by --kernel PATH/ });
});

test("errors of programs are one line, without the mirror's address", async (t) => {
	const script =
		"echo 'W: odd' >&2; echo 'E: Failed to fetch http://mirror.test/x.deb  Timeout' >&2; exit 100";
	await t.throwsAsync(runProgram("sh", ["-c", script]), {
		message: "E: Failed to fetch the mirror  Timeout",
	});
	await t.throwsAsync(runProgram("no-such-program", []), { message: /ENOENT/ });
});

test("the cache is where the environment says", (t) => {
	t.is(cacheDirectory({ KPROXY_VM_CACHE: "/a" }), "/a");
	t.is(cacheDirectory({ XDG_CACHE_HOME: "/b", HOME: "/c" }), "/b/kproxy/test-vm");
	t.is(cacheDirectory({ HOME: "/c" }), "/c/.cache/kproxy/test-vm");
});

test("packed modules of a kernel given by its path are unpacked in a copy", async (t) => {
	const directory = temporary(t);
	const modules = join(directory, "modules");
	put(join(modules, "kernel/veth.ko.zst"));
	const kernel = { name: "6.8.0", release: "6.8.0-1", image: "vmlinuz", modules };
	const calls: string[] = [];
	const copy = await withPlainModules(kernel, join(directory, "copy"), fakeRun(calls));
	t.is(copy.modules, join(directory, "copy/lib/modules/6.8.0-1"));
	t.deepEqual(calls, ["zstd --decompress --quiet --rm", "busybox depmod -b 6.8.0-1"]);
	const missing: Run = () => Promise.reject(new Error("spawn zstd ENOENT"));
	await t.throwsAsync(withPlainModules(kernel, join(directory, "other"), missing), {
		message: "modules end in .ko.zst, and zstd is not here: apt-get install zstd",
	});
	put(join(modules, "kernel/veth.ko.zst"));
	rmSync(join(modules, "kernel/veth.ko.zst"));
	t.is(await withPlainModules(kernel, directory, missing), kernel, "plain ones stay where they are");
});
