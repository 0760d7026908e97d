import { findTableLeftovers, restoreInput, type TableLeftovers } from "./iptables-leftovers.ts";
import { IPVS_DEVICE, isKubeProxySet, NFT_TABLE } from "./kube-proxy-names.ts";
import { attempt, type SystemView } from "./system-view.ts";

/** What a kube-proxy left in the network namespace of this process. */
export interface KubeProxyLeftovers {
	/** By the iptables that has them; `program` is the one that changes them. */
	iptables: readonly { program: string; tables: readonly TableLeftovers[] }[];
	/** Tables of its nftables mode, as in `ip kube-proxy`. */
	nftTables: readonly string[];
	/** Devices and IP sets of its IPVS mode. */
	devices: readonly string[];
	sets: readonly string[];
	/** Virtual servers in the kernel: nothing says who made them, so they stay. */
	ipvsServers: number;
	/** What could not be looked at, and why, one line each. */
	notChecked: readonly string[];
}

/** The kernel's lists of legacy tables: to ask iptables-legacy itself would load modules. */
const VARIANTS = [
	{ prefix: "iptables-nft", list: undefined },
	{ prefix: "ip6tables-nft", list: undefined },
	{ prefix: "iptables-legacy", list: "/proc/net/ip_tables_names" },
	{ prefix: "ip6tables-legacy", list: "/proc/net/ip6_tables_names" },
] as const;

/** Only looks. */
export async function findKubeProxyLeftovers(view: SystemView): Promise<KubeProxyLeftovers> {
	const notChecked: string[] = [];
	const iptables: { program: string; tables: TableLeftovers[] }[] = [];
	for (const { prefix, list } of VARIANTS) {
		if (list !== undefined && (view.read(list) ?? "").trim() === "") continue;
		const save = await attempt(view, `${prefix}-save`);
		if (save === undefined) notChecked.push(`${prefix}-save is not installed or not allowed`);
		const tables = findTableLeftovers(save ?? "");
		if (tables.length > 0) iptables.push({ program: `${prefix}-restore`, tables });
	}
	const nft = await attempt(view, "nft", "list", "tables");
	if (nft === undefined) notChecked.push("nft is not installed or not allowed");
	const device = await attempt(view, "ip", "-oneline", "link", "show", "dev", IPVS_DEVICE);
	const sets = (await attempt(view, "ipset", "list", "-name")) ?? "";
	return {
		iptables,
		nftTables: [...(nft ?? "").matchAll(/^table (\S+) (\S+)$/gm)]
			.filter(([, , name]) => name === NFT_TABLE)
			.map(([, family, name]) => `${family} ${name}`),
		devices: device === undefined || device === "" ? [] : [IPVS_DEVICE],
		sets: sets.split("\n").filter(isKubeProxySet),
		ipvsServers: (view.read("/proc/net/ip_vs") ?? "").match(/^(TCP|UDP|SCTP)\s/gm)?.length ?? 0,
		notChecked,
	};
}

/** Whether there is anything that would be removed. */
export function hasLeftovers({ iptables, nftTables, devices, sets }: KubeProxyLeftovers): boolean {
	return (
		nftTables.length + devices.length + sets.length > 0 ||
		iptables.some(({ tables }) => tables.some(({ jumps, chains }) => jumps.length + chains.length > 0))
	);
}

/** Removes what was found, and nothing else; each iptables table and all nft tables in one step. */
export async function removeKubeProxyLeftovers(found: KubeProxyLeftovers, view: SystemView): Promise<void> {
	for (const { program, tables } of found.iptables) {
		const input = restoreInput(tables);
		// Legacy iptables has a lock that others may hold for a moment.
		const wait = program.includes("legacy") ? ["--wait", "10"] : [];
		if (input !== "") await view.run(program, ["--noflush", ...wait], input);
	}
	if (found.nftTables.length > 0) {
		const lines = found.nftTables.map((table) => `delete table ${table}\n`);
		await view.run("nft", ["-f", "-"], lines.join(""));
	}
	for (const name of found.devices) await view.run("ip", ["link", "delete", "dev", name]);
	for (const name of found.sets) await view.run("ipset", ["destroy", name]);
}

/** One line for each thing that would go, and for each that stays although it looks like kube-proxy's. */
export function formatKubeProxyLeftovers(found: KubeProxyLeftovers): string {
	const lines: string[] = [];
	for (const { program, tables } of found.iptables) {
		const of = program.replace(/-restore$/, "");
		for (const { table, jumps, chains, kept } of tables) {
			lines.push(...jumps.map((rule) => `delete rule        ${of} ${table}: ${rule}`));
			lines.push(
				...chains.map(({ name, rules }) => `delete chain       ${of} ${table}: ${name} with ${rules} rules`),
			);
			lines.push(
				...kept.map((name) => `keep chain         ${of} ${table}: ${name}: rules of others lead there`),
			);
		}
	}
	lines.push(...found.nftTables.map((table) => `delete table       nft ${table}`));
	lines.push(...found.devices.map((name) => `delete device      ${name} with its addresses`));
	lines.push(...found.sets.map((name) => `destroy set        ipset ${name}`));
	if (found.ipvsServers > 0) {
		lines.push(
			`keep               ${found.ipvsServers} virtual servers of IPVS: ipvsadm --clear removes all there are`,
		);
	}
	lines.push(...found.notChecked.map((what) => `not checked        ${what}`));
	return lines.map((line) => `${line}\n`).join("");
}
