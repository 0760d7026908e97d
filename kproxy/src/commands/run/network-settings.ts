import { canonicalCidr } from "../../config/cidr.ts";
import { MAX_CIDRS } from "../../config/cluster-ranges.ts";
import {
	ALL_NODE_ADDRESSES,
	type NodePortAddresses,
	parseNodePortAddresses,
} from "../../config/node-port-addresses.ts";
import { addressFamily, canonicalAddress } from "../../model/address.ts";
import { type OptionValues, usageError } from "../command.ts";
import type { networkOptions } from "../options.ts";

const NODE_PORTS: PortRange = { first: 30_000, last: 32_767 };
const SNAT_PORTS: PortRange = { first: 61_000, last: 65_535 };
const UDP_TIMEOUT_S = 120;
const MAX_UDP_TIMEOUT_S = 24 * 60 * 60;

/** Ports from the first to the last, both included. */
export interface PortRange {
	first: number;
	last: number;
}

/** What the operator says of the node's network, checked. CIDRs and addresses are in their one spelling. */
export interface NetworkSettings {
	/** At most one of each family; empty: as the Node object has them. */
	nodeIps: readonly string[];
	/** Names of devices that lead to other machines; empty: found by their routes. */
	devices: readonly string[];
	nodePortAddresses: NodePortAddresses;
	clusterCidrs: readonly string[];
	/** Empty: as ServiceCIDR objects have them. */
	serviceCidrs: readonly string[];
	nodePorts: PortRange;
	snatPorts: PortRange;
	udpTimeoutS: number;
	masqueradeAll: boolean;
}

/** How a message calls an option: `--cluster-cidr`, or the field of the file that its value is from. */
export type Spell = (option: keyof typeof networkOptions) => string;

/** Throws BpfError `USAGE` for what cannot be meant. */
export function readNetwork(values: OptionValues<typeof networkOptions>, spell: Spell): NetworkSettings {
	const nodePorts = portRange(values["node-port-range"], spell("node-port-range")) ?? NODE_PORTS;
	const snatPorts = portRange(values["snat-ports"], spell("snat-ports")) ?? SNAT_PORTS;
	if (nodePorts.first <= snatPorts.last && snatPorts.first <= nodePorts.last) {
		throw usageError(
			`${spell("snat-ports")} ${rangeText(snatPorts)} overlaps the NodePorts ${rangeText(nodePorts)}`,
			"a reply to a translated flow would be taken for a dial of a NodePort",
		);
	}
	return {
		nodeIps: nodeIps(listOf(values["node-ip"]), spell("node-ip")),
		devices: listOf(values.device).map((name) => deviceName(name, spell("device"))),
		nodePortAddresses: nodePortAddresses(listOf(values["node-port-addresses"]), spell("node-port-addresses")),
		clusterCidrs: cidrs(listOf(values["cluster-cidr"]), spell("cluster-cidr")),
		serviceCidrs: cidrs(listOf(values["service-cidr"]), spell("service-cidr")),
		nodePorts,
		snatPorts,
		udpTimeoutS: udpTimeout(values["udp-timeout"], spell("udp-timeout")),
		masqueradeAll: values["masquerade-all"] ?? false,
	};
}

/** Ports as the flags have them: `30000-32767`. */
export function rangeText({ first, last }: PortRange): string {
	return `${first}-${last}`;
}

/** kube-proxy takes lists with commas; ours may be repeated flags as well. */
function listOf(texts: readonly (string | number)[] | undefined): string[] {
	return (texts ?? [])
		.flatMap((text) => String(text).split(","))
		.map((text) => text.trim())
		.filter((text) => text !== "");
}

function nodeIps(texts: readonly string[], option: string): string[] {
	const byFamily = new Map<string, string>();
	for (const text of texts) {
		const family = addressFamily(text);
		const address = family && canonicalAddress(text, family);
		if (family === undefined || address === undefined) {
			throw usageError(`${option} takes an IP address, not ${JSON.stringify(text)}`);
		}
		const other = byFamily.get(family);
		if (other !== undefined && other !== address) {
			throw usageError(`${option} has two ${family} addresses, ${other} and ${address}`, "one is the node's");
		}
		byFamily.set(family, address);
	}
	return [...byFamily.values()];
}

/** As the kernel takes them: at most 15 bytes, no slash, no space. */
function deviceName(name: string, option: string): string {
	if (!/^[^\s/:]{1,15}$/.test(name) || name === "." || name === "..") {
		throw usageError(`${option} takes the name of a device, not ${JSON.stringify(name)}`);
	}
	return name;
}

function nodePortAddresses(texts: readonly string[], option: string): NodePortAddresses {
	if (texts.length === 0) return ALL_NODE_ADDRESSES;
	const parsed = parseNodePortAddresses(texts);
	if ("wrong" in parsed) {
		throw usageError(
			`${option} cannot be ${JSON.stringify(parsed.wrong)}`,
			"write CIDRs such as 192.0.2.0/24, or primary, localhost or all",
		);
	}
	return parsed;
}

function cidrs(texts: readonly string[], option: string): string[] {
	const found = new Set<string>();
	for (const text of texts) {
		const cidr = canonicalCidr(text);
		if (cidr === undefined) {
			throw usageError(
				`${option} cannot be ${JSON.stringify(text)}`,
				"write CIDRs such as 10.244.0.0/16 or fd00:10:244::/56",
			);
		}
		found.add(cidr);
	}
	if (found.size > MAX_CIDRS) {
		throw usageError(`${option} has ${found.size} CIDRs; there is room for ${MAX_CIDRS}`);
	}
	return [...found];
}

/** The two port ranges of a command that has only these, as `doctor`. Throws BpfError `USAGE`. */
export function readPortRanges(
	values: OptionValues<Pick<typeof networkOptions, "node-port-range" | "snat-ports">>,
): Pick<NetworkSettings, "nodePorts" | "snatPorts"> {
	return {
		nodePorts: portRange(values["node-port-range"], "--node-port-range") ?? NODE_PORTS,
		snatPorts: portRange(values["snat-ports"], "--snat-ports") ?? SNAT_PORTS,
	};
}

function portRange(text: string | undefined, option: string): PortRange | undefined {
	if (text === undefined) return undefined;
	const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
	const [first, last] = [Number(from), Number(to)];
	if (!(first >= 1 && last <= 65_535 && first <= last)) {
		throw usageError(`${option} cannot be ${JSON.stringify(text)}`, "write FIRST-LAST, as in 30000-32767");
	}
	return { first, last };
}

function udpTimeout(seconds: number | undefined, option: string): number {
	if (seconds !== undefined && (seconds < 1 || seconds > MAX_UDP_TIMEOUT_S)) {
		throw usageError(`${option} takes seconds from 1 to ${MAX_UDP_TIMEOUT_S}, not ${seconds}`);
	}
	return seconds ?? UDP_TIMEOUT_S;
}
