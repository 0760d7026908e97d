import { readdirSync } from "node:fs";
import { BpfError } from "bpf-loader";
import { ExitCode, type OptionValues, type Terminal } from "../command.ts";
import { escapeControls, formatJson } from "../table.ts";
import { isAgreed } from "./agree.ts";
import {
	findKubeProxyLeftovers,
	formatKubeProxyLeftovers,
	hasLeftovers,
	removeKubeProxyLeftovers,
} from "./kube-proxy-leftovers.ts";
import type { cleanupOptions } from "./options.ts";
import { type SystemView, systemView } from "./system-view.ts";

/** `kproxy cleanup --kube-proxy`: shows what a kube-proxy left, asks, and removes that. kproxy's own things stay. */
export async function cleanKubeProxy(
	values: OptionValues<typeof cleanupOptions>,
	terminal: Terminal,
	view: SystemView = systemView,
): Promise<ExitCode> {
	const found = await findKubeProxyLeftovers(view);
	const isJson = values.output === "json";
	const empty = !hasLeftovers(found);
	if (!isJson) {
		terminal.out(escapeLines(formatKubeProxyLeftovers(found)));
		terminal.out(empty ? "nothing of kube-proxy is in this network namespace\n" : "");
	}
	const removes = !empty && !values["dry-run"];
	if (removes) {
		refuseBesideKubeProxy(values.force, view);
		if (!values.yes && !(await isAgreed(terminal, "Remove all of this? [y/N] "))) {
			terminal.error("nothing was removed\n");
			return ExitCode.DIFFERS;
		}
		await removeAll(found, view);
	}
	terminal.out(isJson ? formatJson({ ...found, removed: removes }) : removes ? "removed\n" : "");
	return ExitCode.OK;
}

function escapeLines(text: string): string {
	return text.split("\n").map(escapeControls).join("\n");
}

async function removeAll(...[found, view]: Parameters<typeof removeKubeProxyLeftovers>): Promise<void> {
	try {
		await removeKubeProxyLeftovers(found, view);
	} catch (cause) {
		throw new BpfError(`rules of kube-proxy cannot be removed: ${(cause as Error).message}`, {
			code: "CLEANUP",
			operation: "remove",
			object: "kube-proxy",
			hint: "run it as root in the node's network namespace; what was listed and is still there, a second run removes",
			cause,
		});
	}
}

/** A kube-proxy that runs writes its rules again. */
function refuseBesideKubeProxy(force: boolean, view: SystemView): void {
	const pid = readdirSync("/proc")
		.filter((name) => /^\d+$/.test(name))
		.find((name) => view.read(`/proc/${name}/comm`)?.trim() === "kube-proxy");
	if (pid !== undefined && !force) {
		throw new BpfError(`a kube-proxy (process ${pid}) runs here and would write its rules again`, {
			code: "KUBE_PROXY_RUNS",
			operation: "remove",
			object: "kube-proxy",
			hint: "delete its DaemonSet first; --force removes the rules all the same",
		});
	}
}
