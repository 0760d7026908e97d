/** Judges packets over planned rows, by the look-ups that the kernel makes. */
import { addressNumber, blockOf } from "../../../src/plan/policy/blocks.ts";
import { ANY_CLASS, type Directions, type PolicyTables, ruleKey } from "../../../src/plan/policy/tables.ts";

export interface Probe {
	from: string;
	to: string;
	/** IP protocol number. */
	protocol: number;
	port: number;
}

/** Both ends must allow it; a pod always reaches itself. */
export function allows(tables: PolicyTables, probe: Probe): boolean {
	const { from, to } = probe;
	return from === to || (judge(tables, "egress", probe) && judge(tables, "ingress", probe));
}

/** The verdict of one end: the pod that sends, or the one that is sent. */
export function judge(
	tables: PolicyTables,
	direction: keyof Directions,
	{ from, to, protocol, port }: Probe,
): boolean {
	const [own, peer] = direction === "egress" ? [from, to] : [to, from];
	const pod = tables.pods.get(own);
	if (!pod?.isolated[direction]) return true;
	const has = (peers: number) => {
		const at = { set: pod.set, class: peers, direction };
		for (let portBits = 16; portBits >= 0; portBits--) {
			const prefix = port & (0xffff << (16 - portBits));
			if (tables.rules.has(ruleKey({ ...at, protocol, port: prefix, portBits }))) return true;
		}
		return tables.rules.has(ruleKey({ ...at, protocol: 0, port: 0, portBits: 0 }));
	};
	return has(classOf(tables, peer)) || (pod.any[direction] && has(ANY_CLASS));
}

/** The exact address first, then the longest block. */
function classOf({ peers }: PolicyTables, address: string): number {
	const exact = peers.get(address);
	if (exact !== undefined) return exact;
	const number = addressNumber(address);
	let best = { bits: -1, class: 0 };
	for (const [text, found] of peers) {
		if (!text.includes("/")) continue;
		const { bits, prefix } = blockOf(text);
		if (bits > best.bits && number >> BigInt(128 - bits) === prefix) best = { bits, class: found };
	}
	return best.class;
}
