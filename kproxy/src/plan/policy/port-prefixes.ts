import { Protocol } from "../../dataplane/generated/sock_lb.ts";
import type { PolicyPort, PolicyProtocol } from "../../model/policy/objects.ts";

/** Ports that share their leading bits. Protocol 0: everything. */
export interface PortPrefix {
	protocol: number;
	port: number;
	portBits: number;
}

export const PORT_BITS = 16;
const EVERYTHING: PortPrefix = { protocol: 0, port: 0, portBits: 0 };

/** The fewest prefixes that hold the ports; `resolve` gives the numbers behind a name. No port at all: everything. */
export function portPrefixes(
	ports: readonly PolicyPort[],
	resolve: (name: string, protocol: PolicyProtocol) => readonly number[],
): PortPrefix[] {
	if (ports.length === 0) return [EVERYTHING];
	return ports.flatMap(({ protocol: text, ports: range }) => {
		const protocol = Protocol[text];
		if (range === undefined) return [{ protocol, port: 0, portBits: 0 }];
		if (!("name" in range)) return rangePrefixes(range.first, range.last, protocol);
		return resolve(range.name, text).map((port) => ({ protocol, port, portBits: PORT_BITS }));
	});
}

/** From the left, the largest aligned block that still fits: at most 30 for a range. */
function rangePrefixes(first: number, last: number, protocol: number): PortPrefix[] {
	const prefixes: PortPrefix[] = [];
	for (let port = first; port <= last; ) {
		let free = 0;
		while (free < PORT_BITS && port % 2 ** (free + 1) === 0 && port + 2 ** (free + 1) - 1 <= last) free++;
		prefixes.push({ protocol, port, portBits: PORT_BITS - free });
		port += 2 ** free;
	}
	return prefixes;
}
