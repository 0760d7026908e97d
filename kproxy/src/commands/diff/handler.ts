import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { openPinnedDataplane } from "../../dataplane/pinned-dataplane.ts";
import { compareViews, describeTables, type FrontendView } from "../../dataplane/service-view.ts";
import { SERVICE_KINDS } from "../../model/objects.ts";
import type { DaemonFrontends } from "../../serve/daemon-status.ts";
import { ExitCode, type Handler } from "../command.ts";
import { askFrontends, viewDaemon } from "../daemon.ts";
import { createSources } from "../sources.ts";
import { formatJson, formatTable } from "../table.ts";
import type { diffOptions } from "./options.ts";
import { readWanted } from "./read-wanted.ts";

/** One way in which two sides differ. */
interface DiffRow {
	/** The side that has it otherwise: `daemon` or `kernel`. */
	side: string;
	/** The side it is compared with: `sources` or `daemon`. */
	against: string;
	frontend: string;
	difference: string;
}

/** A change that is being written is no difference: sides that differ are looked at again, this often. */
const LOOKS = 4;
const LOOK_PAUSE_MS = 300;

export const runDiff: Handler<typeof diffOptions> = async (values, terminal) => {
	const { status } = await viewDaemon(values.bpffs);
	const nodeName = values["node-name"] ?? status?.nodeName ?? hostname().toLowerCase();
	const sources = await createSources(values, { env: terminal.env, nodeName, kinds: SERVICE_KINDS });
	const wanted = await readWanted(sources, {
		node: { ...status?.node, nodeName },
		timeoutMs: values.timeout * 1000,
		signal: terminal.signal,
	});
	let seen = await look(values.bpffs, wanted);
	for (let looks = 1; looks < LOOKS && seen.differences.length > 0; looks++) {
		await sleep(LOOK_PAUSE_MS);
		seen = await look(values.bpffs, wanted);
	}
	terminal.out(values.output === "json" ? formatJson(seen) : formatDiff(seen));
	return seen.differences.length === 0 ? ExitCode.OK : ExitCode.DIFFERS;
};

interface Seen {
	frontends: { sources: number; daemon: number | undefined; kernel: number };
	differences: DiffRow[];
}

async function look(bpffs: string, wanted: readonly FrontendView[]): Promise<Seen> {
	const daemon = await askFrontends(bpffs);
	using dataplane = openPinnedDataplane(bpffs);
	const kernel = describeTables(dataplane.maps);
	return {
		frontends: { sources: wanted.length, daemon: daemon?.held.length, kernel: kernel.length },
		differences: [
			...rows("kernel", "sources", compareViews(wanted, kernel)),
			...(daemon === undefined ? [] : compareDaemon(daemon, wanted, kernel)),
		],
	};
}

function compareDaemon(
	daemon: DaemonFrontends,
	wanted: readonly FrontendView[],
	kernel: readonly FrontendView[],
): DiffRow[] {
	return [
		...rows("daemon", "sources", compareViews(wanted, daemon.wanted)),
		...rows("kernel", "daemon", compareViews(daemon.held, kernel)),
	];
}

function rows(side: string, against: string, differences: ReturnType<typeof compareViews>): DiffRow[] {
	return differences.map(({ frontend, difference }) => ({ side, against, frontend, difference }));
}

function formatDiff({ frontends, differences }: Seen): string {
	const daemon = frontends.daemon === undefined ? "daemon not running" : `daemon ${frontends.daemon}`;
	const summary = `frontends: sources ${frontends.sources}, ${daemon}, kernel ${frontends.kernel}; ${
		differences.length === 0 ? "no differences" : `${differences.length} differences`
	}\n`;
	if (differences.length === 0) {
		return summary;
	}
	const table = formatTable(
		["SIDE", "AGAINST", "FRONTEND", "DIFFERENCE"],
		differences.map(({ side, against, frontend, difference }) => [side, against, frontend, difference]),
	);
	return `${table}\n${summary}`;
}
