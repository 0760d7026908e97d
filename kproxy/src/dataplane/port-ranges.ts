import { Protocol } from "./generated/tc.ts";
import { protocolText } from "./tables.ts";

/** Ports of one protocol in a row; of protocol ANY all of every protocol. */
export interface PortPart {
	protocol: number;
	first: number;
	last: number;
}

const ALL = { first: 0, last: 65_535 };

/** The same ports in as few rows as there can be, by protocol and number. */
export function mergePorts(parts: readonly PortPart[]): PortPart[] {
	if (parts.some(({ protocol }) => protocol === Protocol.ANY)) return [{ protocol: Protocol.ANY, ...ALL }];
	const merged: PortPart[] = [];
	for (const part of parts.toSorted((a, b) => a.protocol - b.protocol || a.first - b.first)) {
		const last = merged.at(-1);
		if (last && last.protocol === part.protocol && part.first <= last.last + 1)
			last.last = Math.max(last.last, part.last);
		else merged.push({ ...part });
	}
	return merged;
}

/** As in `TCP 80`, `UDP 5000-5010`, `SCTP`, `all ports`. */
export function portsText(parts: readonly PortPart[]): string[] {
	return parts.map(({ protocol, first, last }) => {
		if (protocol === Protocol.ANY) return "all ports";
		const name = protocolText(protocol);
		if (first === 0 && last === ALL.last) return name;
		return first === last ? `${name} ${first}` : `${name} ${first}-${last}`;
	});
}
