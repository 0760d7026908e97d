/** What a rule set and a peer class come to. */
import { PORT_BITS, type PortPrefix } from "./port-prefixes.ts";
import { isolates, type PeerClass, type RuleSet, type SetContent, type SetRule } from "./rule-set.ts";
import { ANY_CLASS, type Directions, type RuleEntry } from "./tables.ts";

const DIRECTIONS = ["ingress", "egress"] as const;

/** Ports, and the rule that allows them. */
type Allowed = PortPrefix & { rule: number };

/** What a set allows every peer. */
export function anyEntries(set: RuleSet): RuleEntry[] {
	return entriesOf(set, ANY_CLASS, (part, direction) => [allowedBy(part, direction, isForAll)]);
}

/** What a set allows a class; what it allows every peer is left out where that need not be cut. */
export function pairEntries(set: RuleSet, { number, parts }: PeerClass): RuleEntry[] {
	const isJoint = set.parts.length > 1 || parts.length > 1;
	return entriesOf(set, number, (part, direction) =>
		parts.map((predicates) =>
			allowedBy(part, direction, ({ predicate }) =>
				predicate === undefined ? isJoint : predicates.includes(predicate),
			),
		),
	);
}

const isForAll = ({ predicate }: SetRule) => predicate === undefined;

/** The intersection of all lists of all parts, as entries; where two rules allow the same, the first is counted. */
function entriesOf(
	set: RuleSet,
	peers: number,
	listsOf: (part: SetContent, direction: keyof Directions) => Allowed[][],
): RuleEntry[] {
	return DIRECTIONS.flatMap((direction) => {
		const isolating = set.parts.filter((part) => isolates(part, direction));
		const [first = [], ...others] = isolating.flatMap((part) => listsOf(part, direction));
		const allowed = new Map<number, Allowed>();
		for (const each of others.reduce(intersect, first)) {
			const key = prefixKey(each);
			if (!allowed.has(key)) allowed.set(key, each);
		}
		return Array.from(allowed.values(), (each) => ({ set: set.number, class: peers, direction, ...each }));
	});
}

/** Eight bits of protocol, 16 of port, five of their number: a string for each took a third of a change of policy. */
function prefixKey({ protocol, port, portBits }: PortPrefix): number {
	return (protocol << 21) | (port << 5) | portBits;
}

function allowedBy(
	{ rules }: SetContent,
	direction: keyof Directions,
	applies: (rule: SetRule) => boolean,
): Allowed[] {
	return rules
		.filter((rule) => rule.direction === direction && applies(rule))
		.flatMap(({ ports, rule }) => ports.map((prefix) => ({ ...prefix, rule })));
}

/** Two prefixes share nothing, or one lies in the other. */
function intersect(some: readonly Allowed[], others: readonly Allowed[]): Allowed[] {
	const shared: Allowed[] = [];
	for (const one of some) {
		for (const other of others) {
			if (contains(one, other)) shared.push(other);
			else if (contains(other, one)) shared.push(one);
		}
	}
	return shared;
}

function contains(wide: PortPrefix, narrow: PortPrefix): boolean {
	if (wide.protocol === 0) return true;
	const shift = PORT_BITS - wide.portBits;
	return (
		wide.protocol === narrow.protocol &&
		wide.portBits <= narrow.portBits &&
		wide.port >> shift === narrow.port >> shift
	);
}
