/** `scripts/bench`: runs each part in a process of its own and prints the figures. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { arch, cpus, loadavg, release } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Figure } from "./figure.ts";
import { formatFigures } from "./format.ts";

const PARTS = ["connect", "packets", "policy", "maps", "sync"];

process.exitCode = main();

function main(): number {
	const { values, positionals } = parseArgs({
		options: {
			quick: { type: "boolean", default: false },
			output: { type: "string", short: "o", default: "table" },
		},
		allowPositionals: true,
	});
	const unknown = positionals.find((name) => !PARTS.includes(name));
	if (unknown !== undefined || !["table", "json"].includes(values.output)) {
		console.error("usage: scripts/bench [--quick] [-o table|json] [connect|packets|policy|maps|sync]");
		return 2;
	}
	const chosen = positionals.length > 0 ? positionals : PARTS;
	const machine = {
		kernel: release(),
		cpu: cpus()[0]?.model.trim() ?? arch(),
		cores: cpus().length,
		/** Over the last minute: what else ran takes its share of every figure. */
		load: loadavg()[0] ?? 0,
	};
	if (values.output === "table") {
		const { kernel, cores, cpu, load } = machine;
		console.log(`Linux ${kernel}, ${cores} × ${cpu}, load ${load.toFixed(1)} before\n`);
	}
	const figures: Record<string, Figure[]> = {};
	for (const part of chosen) {
		figures[part] = measure(part, values.quick);
		if (values.output === "table") console.log(`${part}\n${formatFigures(figures[part])}`);
	}
	if (values.output === "json")
		console.log(JSON.stringify({ ...machine, quick: values.quick, figures }, null, 2));
	return 0;
}

function measure(part: string, quick: boolean): Figure[] {
	const program = fileURLToPath(new URL(`${part}.ts`, import.meta.url));
	if (!existsSync(program)) throw new Error(`there is no ${program}`);
	const args = [program, ...(quick ? ["--quick"] : [])];
	const output = execFileSync(process.execPath, args, {
		stdio: ["ignore", "pipe", "inherit"],
		encoding: "utf8",
		timeout: 600_000,
	});
	return JSON.parse(output);
}
