import { setTimeout as sleep } from "node:timers/promises";
import { ExitCode, type Handler } from "../command.ts";
import { formatJson } from "../table.ts";
import { formatStatus } from "./format-status.ts";
import type { statusOptions } from "./options.ts";
import { readStatus, type Status } from "./read-status.ts";

const POLL_MS = 100;

export const runStatus: Handler<typeof statusOptions> = async (values, terminal) => {
	const status =
		values.wait === undefined
			? await readStatus(values.bpffs)
			: await waitUntilReady(values.bpffs, { timeoutMs: values.wait * 1000, signal: terminal.signal });
	terminal.out(values.output === "json" ? formatJson(status) : formatStatus(status, Date.now()));
	return status.ready ? ExitCode.OK : ExitCode.DIFFERS;
};

async function waitUntilReady(
	bpffs: string,
	{ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<Status> {
	const deadlineMs = performance.now() + timeoutMs;
	for (;;) {
		const status = await readStatus(bpffs);
		if (status.ready || signal.aborted || performance.now() >= deadlineMs) {
			return status;
		}
		await sleep(POLL_MS);
	}
}
