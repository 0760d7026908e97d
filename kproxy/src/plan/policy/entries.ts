/** What a rule set and a peer class come to. */
import { PORT_BITS, type PortPrefix } from "./port-prefixes.ts";
import { isolates, type PeerClass, type RuleSet, type SetContent, type SetRule } from "./rule-set.ts";
import { ANY_CLASS, type Directions, type RuleEntry, ruleKey } from "./tables.ts";

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
	const entries = new Map<string, RuleEntry>();
	for (const direction of DIRECTIONS) {
		const isolating = set.parts.filter((part) => isolates(part, direction));
		const [first = [], ...others] = isolating.flatMap((part) => listsOf(part, direction));
		for (const allowed of others.reduce(intersect, first)) {
			const entry = { set: set.number, class: peers, direction, ...allowed };
			const key = ruleKey(entry);
			if (!entries.has(key)) entries.set(key, entry);
		}
	}
	return [...entries.values()];
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
	return some.flatMap((one) =>
		others.flatMap((other) => {
			if (contains(one, other)) return [other];
			return contains(other, one) ? [one] : [];
		}),
	);
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
