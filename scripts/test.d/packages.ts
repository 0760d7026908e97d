import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Counts, check, expect, sum } from "./check.ts";
import { runCommand } from "./command.ts";

/** What a package must bring to be of use; no compiler runs where it is installed. */
const CONTENTS: Readonly<Record<string, readonly string[]>> = {
	"bpf-loader": ["dist/index.js", "dist/index.d.ts", "bin/bpf2ts.js"],
	"bpf-maps": ["dist/index.js", "dist/index.d.ts"],
	kproxy: [
		"dist/cli.js",
		"bin/kproxy.js",
		"objects/netns_cookie.bpf.o",
		"objects/sock_lb.bpf.o",
		"objects/tc.bpf.o",
		"examples/web.yaml",
		"deploy/daemonset.yaml",
		"docs/replace-kube-proxy.md",
	],
};

const USE_ALL = 'await Promise.all(["bpf-loader", "bpf-maps", "kproxy"].map((name) => import(name)))';

/** Packs the three packages as npm would publish them, installs them elsewhere, and runs them there. */
export async function checkPackages(): Promise<Counts> {
	const directory = mkdtempSync(join(tmpdir(), "kproxy-packages-"));
	try {
		const packed = await pack(directory);
		writeFileSync(join(directory, "package.json"), '{ "private": true }\n');
		const tarballs = packed.map(({ filename }) => `./${filename}`);
		const install = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs];
		return sum([
			...packed.map(checkContents),
			await check("npm install of the packages", install, { directory }),
			await check("kproxy --version", ["node_modules/.bin/kproxy", "--version"], { directory }),
			await check("bpf2ts --help", ["node_modules/.bin/bpf2ts", "--help"], { directory }),
			await check("import of the packages", ["node", "--input-type=module", "-e", USE_ALL], { directory }),
		]);
	} finally {
		rmSync(directory, { recursive: true });
	}
}

interface Packed {
	name: string;
	filename: string;
	files: { path: string }[];
}

async function pack(directory: string): Promise<Packed[]> {
	const command = [
		"npm",
		"pack",
		"--workspaces",
		"--json",
		"--loglevel=error",
		"--pack-destination",
		directory,
	];
	const { ok, how, output } = await runCommand({ command, timeoutS: 120 });
	if (!ok) throw new Error(`npm pack ${how}: ${output}`);
	return JSON.parse(output);
}

function checkContents({ name, files }: Packed): Counts {
	const missing = (CONTENTS[name] ?? []).filter((path) => !files.some((file) => file.path === path));
	return expect(`contents of ${name}`, missing.length === 0, `it lacks ${missing.join(", ")}`);
}
