import { canonical } from "../packets/addresses.ts";
import { type PacketWords, protocols } from "../packets/build.ts";
import type {
	Allow,
	Backend,
	BackendState,
	Frontend,
	Hook,
	PodPolicy,
	Policy,
	Tunables,
	World,
} from "../reference/world.ts";
import { ordinaryTunables } from "../reference/world.ts";

/** One file entry of bpf/scenarios: see the README there. */
export interface Scenario {
	title: string;
	families?: readonly Family[];
	tunables?: Partial<Tunables>;
	frontends?: readonly FrontendText[];
	backends?: Readonly<Record<string, BackendText>>;
	/** By `node` or `route`: addresses to send from; `none`. */
	devices?: Readonly<Record<"node" | "route", string>>;
	/** Enforced where it is told. */
	policy?: PolicyText;
	steps: readonly Step[];
}

export type Family = "IPv4" | "IPv6";

export interface FrontendText {
	/** Such as `TCP vip:80`; `node-port` for its address; `guard vip`. */
	dial: string;
	internal?: readonly string[] | "beyond";
	external?: readonly string[];
	affinity?: number;
	service?: number;
	local_external?: boolean;
	ranges?: readonly string[];
	torn?: boolean;
}

export interface BackendText {
	/** Such as `pod1:8080`. */
	at: string;
	protocol?: "TCP" | "UDP" | "SCTP";
	remote?: boolean;
	state?: BackendState;
	reuse?: number;
}

/** What the pods behind the interface may; `rechecks`, `adopts`: as `World` has them. */
export interface PolicyText {
	pods: Readonly<Record<string, PodText>>;
	rechecks?: boolean;
	adopts?: boolean;
}

/** By peer, or `anybody`, what is allowed: `TCP 8080`, `UDP`, `anything`. A direction that is not there is not isolated. */
export interface PodText {
	ingress?: Readonly<Record<string, string>>;
	egress?: Readonly<Record<string, string>>;
}

/** A packet in words: `TCP: client:40000 > vip:80` and fields of PacketWords. */
export type PacketText = Readonly<Record<string, unknown>>;

/** `again`: what went in; `onward`: what came out; `reply`: the same turned round; `error`: an ICMP error about it. */
export interface Follow {
	step: string;
	how: "again" | "onward" | "reply" | "error";
	/** Fields that differ, as in `flags`; for an error its name, `from`: who says so, and `quotes: first fragment`. */
	with?: PacketText;
}

/** One thing that happens: in order, what of it is there. */
export interface Step {
	at?: Hook;
	in?: PacketText;
	/** Name of the step, for others to follow. */
	id?: string;
	/** A packet made from what another step has let out; where that was nothing, none. */
	follow?: Follow;
	reason?: string;
	out?: PacketText;
	/** Seconds that pass. */
	wait?: number;
	/** Backends that change, by name. */
	change?: Readonly<Record<string, Partial<BackendText>>>;
	/** Frontends instead of those so far. */
	frontends?: readonly FrontendText[];
	/** Policy instead of that so far. */
	policy?: PolicyText;
	/** Flows remembered now, in conntrack and in conntrack_reply, and by policy. */
	flows?: { conntrack: number; replies: number; judged?: number };
}

const addresses: Readonly<Record<string, Readonly<Record<Family, string>>>> = {
	client: { IPv4: "198.51.100.7", IPv6: "2001:db8:7::7" },
	client2: { IPv4: "198.51.100.8", IPv6: "2001:db8:7::8" },
	stranger: { IPv4: "203.0.113.9", IPv6: "2001:db8:9::9" },
	router: { IPv4: "203.0.113.1", IPv6: "2001:db8:9::1" },
	node: { IPv4: "192.0.2.1", IPv6: "2001:db8:1::1" },
	node2: { IPv4: "192.0.2.2", IPv6: "2001:db8:1::2" },
	foreign: { IPv4: "192.0.2.99", IPv6: "2001:db8:1::99" },
	loopback: { IPv4: "127.0.0.1", IPv6: "::1" },
	outlet: { IPv4: "192.0.2.55", IPv6: "2001:db8:1::55" },
	vip: { IPv4: "10.96.0.10", IPv6: "fd00:96::10" },
	vip2: { IPv4: "10.96.0.11", IPv6: "fd00:96::11" },
	nothing: { IPv4: "10.96.200.1", IPv6: "fd00:96::c801" },
	lb: { IPv4: "203.0.113.80", IPv6: "2001:db8:9::80" },
	pod1: { IPv4: "10.244.1.1", IPv6: "fd00:244:1::1" },
	pod2: { IPv4: "10.244.1.2", IPv6: "fd00:244:1::2" },
	pod3: { IPv4: "10.244.2.3", IPv6: "fd00:244:2::3" },
	farpod: { IPv4: "10.244.2.9", IPv6: "fd00:244:2::9" },
};

const cidrs: Readonly<Record<string, Readonly<Record<Family, string>>>> = {
	clients: { IPv4: "198.51.100.0/24", IPv6: "2001:db8:7::/64" },
	"client only": { IPv4: "198.51.100.7/32", IPv6: "2001:db8:7::7/128" },
	pods: { IPv4: "10.244.0.0/16", IPv6: "fd00:244::/32" },
	services: { IPv4: "10.96.0.0/16", IPv6: "fd00:96::/112" },
};

/** Type and code of each error by its name. */
export const errorTypes: Readonly<Record<string, Readonly<Record<Family, readonly [number, number]>>>> = {
	"too big": { IPv4: [3, 4], IPv6: [2, 0] },
	unreachable: { IPv4: [3, 3], IPv6: [1, 4] },
	expired: { IPv4: [11, 0], IPv6: [3, 0] },
	redirect: { IPv4: [5, 1], IPv6: [137, 0] },
};

/** What symbols of a scenario stand for. Ports named `ours…` are bound when a packet first has them. */
export class Symbols {
	readonly family: Family;
	readonly ports = new Map<string, number>();
	readonly #tunables: Tunables;

	constructor(family: Family, tunables: Tunables) {
		this.family = family;
		this.#tunables = tunables;
	}

	address(name: string): string {
		if (name === "node-port") return canonical(this.family === "IPv4" ? "0.0.0.0" : "::");
		const found = addresses[name]?.[this.family];
		if (found === undefined) throw new Error(`no address is called ${name}`);
		return canonical(found);
	}

	cidr = (name: string): string => cidrs[name]?.[this.family] ?? name;

	/** `actual`: what a port that has no number yet has to be. */
	port(text: string, actual?: number): number {
		if (/^\d+$/.test(text)) return Number(text);
		const known = this.ports.get(text);
		if (known !== undefined) return known;
		const { snatPortFirst, snatPortLast } = this.#tunables;
		if (actual === undefined || actual < snatPortFirst || actual > snatPortLast)
			throw new Error(`port ${text} is not bound yet, and ${actual} is none of ours`);
		this.ports.set(text, actual);
		return actual;
	}

	/** A packet; ports not bound yet are taken from `actual`. */
	packet(text: PacketText, actual?: Partial<PacketWords>): PacketWords {
		const name = Object.keys(text).find((key) => key in protocols || /^\d+$/.test(key));
		if (name === undefined) throw new Error(`no protocol in ${JSON.stringify(text)}`);
		const { [name]: ends, about, error, rest, keep, ...fields } = text;
		const [from = "", to = ""] = String(ends).split(" > ");
		const [[source = "", sourcePort], [destination = "", destinationPort]] = [from.split(":"), to.split(":")];
		const words: PacketWords = {
			from: this.address(source),
			to: this.address(destination),
			protocol: (/^\d+$/.test(name) ? Number(name) : name) as PacketWords["protocol"],
			...(fields as Partial<PacketWords>),
		};
		if (sourcePort !== undefined) words.sourcePort = this.port(sourcePort, actual?.sourcePort);
		if (destinationPort !== undefined)
			words.destinationPort = this.port(destinationPort, actual?.destinationPort);
		if (error !== undefined) {
			const [type, code] = errorTypes[String(error)]?.[this.family] ?? [0, 0];
			words.error = {
				type,
				code,
				rest: Number(rest ?? 0),
				about: this.packet(about as PacketText, actual?.error?.about),
				...(keep !== undefined && { keep: Number(keep) }),
			};
		}
		return words;
	}
}

/** The world of a scenario, and the numbers of its backends. */
export function worldOf(scenario: Scenario, symbols: Symbols, routeDevice: number): World {
	const { devices = { node: "node" } as Record<string, string> } = scenario;
	const both = (name: string | undefined) =>
		name === undefined || name === "none"
			? { ipv4: "", ipv6: "" }
			: { ipv4: addresses[name]?.IPv4 ?? "", ipv6: canonical(addresses[name]?.IPv6 ?? "::") };
	const world: World = {
		frontends: [],
		backends: new Map([
			[0, { address: "0:0:0:0:0:0:0:0", port: 0, protocol: 0, state: "FREE", reuse: 0, local: false }],
		]),
		nodeAddresses: ["node", "node2", "loopback"].map((name) => ({
			address: symbols.address(name),
			loopback: name === "loopback",
		})),
		serviceCidrs: [cidrs.services?.IPv4 ?? "", cidrs.services?.IPv6 ?? ""],
		podCidrs: [cidrs.pods?.IPv4 ?? "", cidrs.pods?.IPv6 ?? ""],
		devices: new Map([[0, both(devices.node)]]),
		routeDevice,
		tunables: { ...ordinaryTunables, ...scenario.tunables },
	};
	if (devices.route !== undefined) world.devices.set(routeDevice, both(devices.route));
	for (const [index, name] of Object.keys(scenario.backends ?? {}).entries())
		world.backends.set(index + 1, backendOf(scenario.backends?.[name], symbols));
	world.frontends = frontendsOf(scenario, scenario.frontends ?? [], symbols);
	if (scenario.policy) world.policy = policyOf(scenario.policy, symbols, 1);
	return world;
}

/** Policy in its so-many-th state. */
export function policyOf({ pods, rechecks, adopts }: PolicyText, symbols: Symbols, epoch: number): Policy {
	const allows = (texts: Readonly<Record<string, string>> | undefined): Allow[] | undefined =>
		texts &&
		Object.entries(texts).map(([peer, text]) => {
			const [protocol = "", port] = text.split(" ");
			return {
				peer: peer === "anybody" ? undefined : symbols.address(peer),
				protocol: protocol === "anything" ? undefined : protocols[protocol as "TCP"],
				port: port === undefined ? undefined : Number(port),
			};
		});
	const entries = Object.entries(pods).map(([name, { ingress, egress }]): [string, PodPolicy] => [
		symbols.address(name),
		{ ingress: allows(ingress), egress: allows(egress) },
	]);
	return { pods: new Map(entries), rechecks: rechecks ?? false, adopts: adopts ?? false, epoch };
}

/** A backend, or one as it was with some of it changed. */
export function backendOf(
	text: Partial<BackendText> | undefined,
	symbols: Symbols,
	before?: Backend,
): Backend {
	const [address, port] = text?.at?.split(":") ?? [];
	return {
		address:
			address === undefined
				? (before?.address ?? "")
				: address.startsWith("other ")
					? otherFamily(address.slice(6), symbols)
					: symbols.address(address),
		port: port === undefined ? (before?.port ?? 0) : Number(port),
		protocol: text?.protocol ? protocols[text.protocol] : (before?.protocol ?? protocols.TCP),
		state: text?.state ?? before?.state ?? "ACTIVE",
		reuse: text?.reuse ?? before?.reuse ?? 0,
		local: text?.remote === undefined ? (before?.local ?? true) : !text.remote,
	};
}

const otherFamily = (name: string, { family }: Symbols): string =>
	canonical(addresses[name]?.[family === "IPv4" ? "IPv6" : "IPv4"] ?? "");

/** Numbers are those of the order in which a scenario names its backends, from 1; `free` is 0. */
export function frontendsOf(
	scenario: Scenario,
	texts: readonly FrontendText[],
	symbols: Symbols,
): Frontend[] {
	const names = Object.keys(scenario.backends ?? {});
	const numbers = (list: readonly string[] | undefined) =>
		(list ?? []).map((name) => names.indexOf(name) + 1);
	return texts.map((text, index) => {
		const [protocol = "", ends = ""] = text.dial.split(" ");
		const [address = "", port = "0"] = ends.split(":");
		const internal = text.internal === "beyond" ? "beyond" : numbers(text.internal);
		return {
			address: symbols.address(address),
			port: Number(port),
			protocol: protocol === "guard" ? 0 : protocols[protocol as "TCP"],
			internal,
			external: text.external === undefined && internal !== "beyond" ? internal : numbers(text.external),
			service: protocol === "guard" ? 0 : (text.service ?? index + 1),
			affinityTimeoutS: text.affinity ?? 0,
			localExternal: text.local_external ?? false,
			sourceRanges: text.ranges?.map((name) => symbols.cidr(name)),
			torn: text.torn,
		};
	});
}
