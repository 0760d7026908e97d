import { readdirSync } from "node:fs";
import { findKubeProxyLeftovers, type KubeProxyLeftovers } from "../cleanup/kube-proxy-leftovers.ts";
import { type SystemView, systemView } from "../cleanup/system-view.ts";
import type { Check } from "./check.ts";

const GROUP = "neighbours";
const REMOVES = "kproxy cleanup --kube-proxy shows and removes them";

/** What the checks ask of the system; tests give their own. */
export interface LeftoverView extends SystemView {
	/** Process id and name of every process that we may see. */
	processes(): { pid: number; name: string }[];
}

/** Is a kube-proxy running, or what one left behind? Only lists: what cleanup would remove, and nothing of others. */
export async function checkLeftovers(view: LeftoverView = ourView): Promise<Check[]> {
	const found = await findKubeProxyLeftovers(view);
	const rules = [...describeIptables(found), ...describeNft(found)];
	return [
		checkProcess(view),
		...(rules.length > 0 ? rules : [line("kube-proxy rules", undefined, { none: "none" })]),
		...found.notChecked.map((what) => line("kube-proxy rules", undefined, { none: `not checked: ${what}` })),
		checkIpvs(found),
	];
}

function checkProcess(view: LeftoverView): Check {
	const found = view.processes().find(({ name }) => name === "kube-proxy");
	return line("kube-proxy process", found && `pid ${found.pid}`, {
		none: "not seen",
		advice: "both would answer the same Services: delete the DaemonSet kube-proxy first",
	});
}

function describeIptables({ iptables }: KubeProxyLeftovers): Check[] {
	return iptables.map(({ program, tables }) => {
		const chains = tables.flatMap((table) => [...table.chains, ...table.kept]).length;
		const jumps = tables.flatMap((table) => table.jumps).length;
		return line(
			`kube-proxy rules (${program.replace(/-restore$/, "")})`,
			`${chains} chains, ${jumps} jumps to them`,
			{
				none: "none",
				advice: `${REMOVES}; a stale REJECT among them answers in kproxy's place`,
			},
		);
	});
}

function describeNft({ nftTables }: KubeProxyLeftovers): Check[] {
	return nftTables.map((table) =>
		line("kube-proxy rules (nft)", `table ${table}`, { none: "none", advice: REMOVES }),
	);
}

function checkIpvs({ devices, sets }: KubeProxyLeftovers): Check {
	return line("kube-proxy device (IPVS)", [...devices, ...sets.map((name) => `set ${name}`)].join(", "), {
		none: "none",
		advice: `its addresses make the node itself answer for ClusterIPs: ${REMOVES}`,
	});
}

function line(
	name: string,
	found: string | undefined,
	{ none, advice }: { none: string; advice?: string },
): Check {
	return found
		? { group: GROUP, name, level: "warn", found, advice }
		: { group: GROUP, name, level: "ok", found: none };
}

const ourView: LeftoverView = {
	...systemView,
	processes: () =>
		readdirSync("/proc")
			.filter((name) => /^\d+$/.test(name))
			.map((pid) => ({ pid: Number(pid), name: systemView.read(`/proc/${pid}/comm`)?.trim() ?? "" })),
};
