/** Packets between pods, what is outside, and this node. */
import type { PodObject } from "../../../src/model/policy/objects.ts";
import type { Random } from "../../lab/random.ts";
import { chance, LAST_PORTS, OUTSIDE, PORTS, pick, podAddresses } from "../../plan/policy/random-objects.ts";
import { ICMP, ICMPV6, type Packet } from "./packet.ts";

/** Addresses of this node. */
export const OWN = ["192.0.2.9", "2001:db8::9"] as const;
/** So many addresses for pods that one has another's sometimes. */
export const ADDRESSES = 10;
const NUMBERS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132 };
const ICMP_TYPES = [
	[8, 8, 13, 135],
	[128, 128, 135, 136, 143, 144],
] as const;

/** Where a packet goes. */
type Target = Pick<Packet, "to" | "protocol" | "port">;

/** A pod's ports that have names, at each of its addresses. */
export function namedPorts({ addresses, ports }: PodObject): Target[] {
	return addresses.flatMap((to) =>
		ports.map(({ protocol, port }) => ({ to, protocol: NUMBERS[protocol] ?? 0, port })),
	);
}

/** Some go where a name may be known of. */
export function randomPacket(random: Random, named: readonly Target[]): Packet {
	if (named.length > 0 && chance(random, 30)) {
		const target = pick(random, named);
		return { from: podAddress(random, target.to.includes(":") ? 1 : 0), ...target };
	}
	const family = random.below(2);
	return { ...randomEnds(random, family), ...randomProtocol(random, family) };
}

function randomEnds(random: Random, family: number): Pick<Packet, "from" | "to"> {
	const pod = podAddress(random, family);
	const dice = random.below(100);
	if (dice < 55) return { from: pod, to: podAddress(random, family) };
	const outside = OUTSIDE.filter((each) => each.includes(":") === (family === 1));
	const other = dice < 85 ? pick(random, outside) : (OWN[family] as string);
	return dice % 2 === 0 ? { from: other, to: pod } : { from: pod, to: other };
}

const podAddress = (random: Random, family: number): string =>
	podAddresses(1 + random.below(ADDRESSES))[family] as string;

function randomProtocol(random: Random, family: number): Omit<Packet, "from" | "to"> {
	const port = pick(random, [...PORTS, ...PORTS, ...LAST_PORTS, 54]);
	const dice = random.below(100);
	if (dice < 85) return { protocol: pick(random, [6, 6, 17, 132]), port };
	if (dice < 88) return { protocol: 47, port: 0 };
	const icmpType = pick<number>(random, ICMP_TYPES[family] ?? []);
	return { protocol: family ? ICMPV6 : ICMP, port: 0, icmpType };
}
