import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import type { Check } from "./check.ts";

const GROUP = "neighbours";
const TIMEOUT_MS = 10_000;

/** What the checks ask of the system; tests give their own. Rejects where the program is not installed. */
export interface LeftoverView {
	run(program: string, ...args: string[]): Promise<string>;
	/** Text of a file; undefined where it does not exist. */
	read(path: string): string | undefined;
	/** Process id and name of every process that we may see. */
	processes(): { pid: number; name: string }[];
}

/** Is a kube-proxy running, or what one left behind? Only lists: rules of others are never touched. */
export async function checkLeftovers(view: LeftoverView = systemView): Promise<Check[]> {
	return [checkProcess(view), await checkNft(view), ...(await checkLegacy(view)), await checkIpvs(view)];
}

function checkProcess(view: LeftoverView): Check {
	const found = view.processes().find(({ name }) => name === "kube-proxy");
	return line("kube-proxy process", found && `pid ${found.pid}`, {
		none: "not seen",
		advice: "both would answer the same Services: delete the DaemonSet kube-proxy first",
	});
}

async function checkNft(view: LeftoverView): Promise<Check> {
	const name = "kube-proxy rules (nft)";
	const listing = await attempt(() => view.run("nft", "list", "chains"));
	if (listing === undefined) {
		return { group: GROUP, name, level: "ok", found: "not checked: nft is not installed or not allowed" };
	}
	const own = /^table (ip6?) kube-proxy\b/m.exec(listing);
	return line(
		name,
		own ? `table ${own[1]} kube-proxy` : describeChains(listing.matchAll(/chain (KUBE-[\w-]+)/g)),
		{
			none: "none",
			advice:
				"kube-proxy --cleanup removes them; a stale REJECT among them answers before kproxy's TC programs do",
		},
	);
}

/** Asking iptables-save would load the legacy modules, so the kernel's own list of tables is read first. */
async function checkLegacy(view: LeftoverView): Promise<Check[]> {
	const checks: Check[] = [];
	for (const [program, list] of [
		["iptables-legacy-save", "/proc/net/ip_tables_names"],
		["ip6tables-legacy-save", "/proc/net/ip6_tables_names"],
	] as const) {
		if ((view.read(list) ?? "").trim() === "") {
			continue;
		}
		const rules = await attempt(() => view.run(program));
		const chains = rules === undefined ? undefined : describeChains(rules.matchAll(/^:(KUBE-[\w-]+)/gm));
		checks.push(
			line(`kube-proxy rules (${program})`, chains, {
				none: rules === undefined ? `not checked: ${program} is not installed or not allowed` : "none",
				advice: "kube-proxy --cleanup removes them",
			}),
		);
	}
	return checks;
}

async function checkIpvs(view: LeftoverView): Promise<Check> {
	const device = await attempt(() => view.run("ip", "-oneline", "link", "show", "dev", "kube-ipvs0"));
	return line("kube-proxy device (IPVS)", device && "kube-ipvs0", {
		none: "none",
		advice:
			"its addresses make the node itself answer for ClusterIPs: kube-proxy --cleanup, or ip link del kube-ipvs0",
	});
}

function line(
	name: string,
	found: string | undefined,
	{ none, advice }: { none: string; advice: string },
): Check {
	return found
		? { group: GROUP, name, level: "warn", found, advice }
		: { group: GROUP, name, level: "ok", found: none };
}

function describeChains(matches: Iterable<RegExpMatchArray>): string | undefined {
	const names = new Set([...matches].map((match) => match[1] ?? ""));
	const shown = [...names].slice(0, 3).join(", ");
	return names.size === 0 ? undefined : `${names.size} chains: ${shown}${names.size > 3 ? ", …" : ""}`;
}

async function attempt(run: () => Promise<string>): Promise<string | undefined> {
	try {
		return await run();
	} catch {
		return undefined;
	}
}

const systemView: LeftoverView = {
	run: async (program, ...args) => {
		const { stdout } = await promisify(execFile)(program, args, {
			timeout: TIMEOUT_MS,
			maxBuffer: 256 << 20,
		});
		return stdout;
	},
	read: (path) => {
		try {
			return readFileSync(path, "utf8");
		} catch {
			return undefined;
		}
	},
	processes: () =>
		readdirSync("/proc")
			.filter((name) => /^\d+$/.test(name))
			.map((pid) => ({ pid: Number(pid), name: systemView.read(`/proc/${pid}/comm`)?.trim() ?? "" })),
};
