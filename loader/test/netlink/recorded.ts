import { readFileSync } from "node:fs";
import { type NetlinkMessage, netlinkMessages } from "../../src/netlink/message.ts";

/**
 * What Linux 6.18 answered in a namespace with br0, v0 (in br0) and v1, and two connected UDP sockets. `ip` had run:
 * addr add 192.0.2.1/24 dev v1; addr add 198.51.100.1 peer 198.51.100.2/32 dev lo; addr add 2001:db8::1/64 dev v0;
 * route add default nexthop via 192.0.2.2 nexthop dev v0; route add default dev v0 table 700;
 * route add ::/0 via 2001:db8::2 dev v0.
 */
export type Recording = "links" | "addresses" | "routes" | "udp";

/** The bytes of a recording. */
export function recordedBytes(recording: Recording): Uint8Array {
	const text = readFileSync(new URL(`recorded/${recording}.hex`, import.meta.url), "utf8");
	return Uint8Array.from(Buffer.from(text.replaceAll("\n", ""), "hex"));
}

/** The messages of a recording. */
export const recordedMessages = (recording: Recording): NetlinkMessage[] => [
	...netlinkMessages(recordedBytes(recording)),
];
