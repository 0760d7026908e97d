import { styleText } from "node:util";
import { ExitCode, type Handler, type Terminal } from "../command.ts";
import { readPortRanges } from "../run/network-settings.ts";
import { escapeControls, formatJson } from "../table.ts";
import { checkCanary } from "./canary-check.ts";
import { type Check, collect } from "./check.ts";
import { checkHooks } from "./hook-checks.ts";
import { checkKernel } from "./kernel-checks.ts";
import { checkLeftovers } from "./leftover-checks.ts";
import { checkMounts } from "./mount-checks.ts";
import { checkNetwork } from "./network-checks.ts";
import type { doctorOptions } from "./options.ts";
import { checkPermissions } from "./permission-checks.ts";

export const runDoctor: Handler<typeof doctorOptions> = async (values, terminal) => {
	const ports = readPortRanges(values);
	const checks = [
		...(await collect({ group: "kernel", name: "features" }, checkKernel)),
		...(await collect({ group: "permissions", name: "capabilities" }, () => checkPermissions())),
		...(await checkMounts(values)),
		...(await collect({ group: "network", name: "settings", level: "warn" }, () => checkNetwork(ports))),
		...(await collect({ group: "neighbours", name: "kube-proxy", level: "warn" }, () => checkLeftovers())),
		...(await collect({ group: "neighbours", name: "our hooks", level: "warn" }, () => checkHooks(values))),
		...(values.canary
			? await collect({ group: "canary", name: "connect" }, () => checkCanary(values.cgroup))
			: []),
	];
	const ok = checks.every(({ level }) => level !== "fail");
	terminal.out(values.output === "json" ? formatJson({ ok, checks }) : formatChecks(checks, terminal));
	return ok ? ExitCode.OK : ExitCode.DIFFERS;
};

const COLOURS = { ok: "green", warn: "yellow", fail: "red" } as const;

function formatChecks(checks: readonly Check[], { colour }: Terminal): string {
	const lines: string[] = [];
	for (const { group, name, level, found, advice } of checks) {
		const shown = colour
			? styleText(COLOURS[level], level.padEnd(4), { validateStream: false })
			: level.padEnd(4);
		lines.push(`${shown}  ${group}: ${escapeControls(`${name}: ${found}`)}`);
		if (advice !== undefined) {
			lines.push(`      -> ${escapeControls(advice)}`);
		}
	}
	const count = (level: Check["level"]) => checks.filter((check) => check.level === level).length;
	lines.push("", `${count("ok")} ok, ${count("warn")} warn, ${count("fail")} fail`);
	return `${lines.join("\n")}\n`;
}
