import { anyEntries, pairEntries } from "./entries.ts";
import { KeyIndex } from "./key-index.ts";
import { OPEN, type PeerClass, policiesOf, predicatesOf, type RuleSet, type SetContent } from "./rule-set.ts";
import { type PolicyStep, type PolicyTables, type RuleEntry, ruleKey } from "./tables.ts";

/**
 * Rule sets against peer classes: the entry for each pair follows from the two alone, and is there as long as both are.
 * A number is given out once, and so never means anything else.
 */
export interface Matrix {
	/** The class of exactly these predicates, with one more user; 0 for none at all. */
	acquireClass(predicates: readonly string[]): number;
	/** The class that is allowed what both are. */
	acquireJointClass(one: readonly string[], other: readonly string[]): number;
	/** The set of this content, with one more user; 0 where no policy is in it. */
	acquireSet(key: string, content: () => SetContent): number;
	/** The set that allows what both do. */
	acquireJointSet(one: number, other: number): number;
	releaseClass(number: number): void;
	releaseSet(number: number): void;
	/** Drops what has no users, from the tables and into the step. */
	sweep(step: PolicyStep): void;
	/** What has been put into the tables since the last call goes into the step. */
	flush(step: PolicyStep): void;
	set(number: number): RuleSet | undefined;
}

/** Keeps `tables.rules` and `tables.setPolicies`. `first`: the first number to give out. */
export function createMatrix(tables: PolicyTables, first = 1): Matrix {
	const classes = new Map<string, PeerClass>();
	const classByNumber = new Map<number, PeerClass>();
	const sets = new Map<string, RuleSet>();
	const setByNumber = new Map<number, RuleSet>();
	const classesWith = new KeyIndex<PeerClass>();
	const setsWith = new KeyIndex<RuleSet>();
	const unusedClasses = new Set<PeerClass>();
	const unusedSets = new Set<RuleSet>();
	let added: RuleEntry[] = [];
	let addedSets: RuleSet[] = [];
	let next = first;

	const put = (entries: Iterable<RuleEntry>) => {
		for (const entry of entries) {
			tables.rules.set(ruleKey(entry), entry);
			added.push(entry);
		}
	};
	const drop = (entries: Iterable<RuleEntry>, step: PolicyStep) => {
		for (const entry of entries) if (tables.rules.delete(ruleKey(entry))) step.leftRules.push(entry);
	};

	function makeClass(key: string, parts: PeerClass["parts"]): number {
		const known = classes.get(key);
		if (known) {
			known.users += 1;
			unusedClasses.delete(known);
			return known.number;
		}
		const made: PeerClass = { number: next++, key, parts, users: 1 };
		classes.set(key, made);
		classByNumber.set(made.number, made);
		classesWith.add(parts.flat(), made);
		for (const set of setsWith.withAny(parts.flat())) put(pairEntries(set, made));
		return made.number;
	}

	function makeSet(key: string, parts: () => readonly SetContent[]): number {
		const known = sets.get(key);
		if (known) {
			known.users += 1;
			unusedSets.delete(known);
			return known.number;
		}
		const made: RuleSet = { parts: parts(), number: next++, key, users: 1 };
		sets.set(key, made);
		setByNumber.set(made.number, made);
		tables.setPolicies.set(made.number, policiesOf(made));
		addedSets.push(made);
		const predicates = predicatesOf(made);
		setsWith.add(predicates, made);
		put(anyEntries(made));
		for (const each of classesWith.withAny(predicates)) put(pairEntries(made, each));
		return made.number;
	}

	const partsOf = (number: number): readonly SetContent[] => setByNumber.get(number)?.parts ?? [OPEN];

	return {
		acquireClass: (predicates) =>
			predicates.length === 0 ? 0 : makeClass(predicates.join("\n"), [predicates]),
		acquireJointClass: (one, other) => makeClass([...one, "&", ...other].join("\n"), [one, other]),
		acquireSet: (key, content) => (key === "" ? 0 : makeSet(key, () => [content()])),
		acquireJointSet: (one, other) => makeSet(`${one} & ${other}`, () => [...partsOf(one), ...partsOf(other)]),
		releaseClass(number) {
			const known = classByNumber.get(number);
			if (known && --known.users === 0) unusedClasses.add(known);
		},
		releaseSet(number) {
			const known = setByNumber.get(number);
			if (known && --known.users === 0) unusedSets.add(known);
		},
		sweep(step) {
			for (const gone of unusedSets) {
				const predicates = predicatesOf(gone);
				setsWith.delete(predicates, gone);
				sets.delete(gone.key);
				setByNumber.delete(gone.number);
				tables.setPolicies.delete(gone.number);
				step.leftSets.push(gone.number);
				drop(anyEntries(gone), step);
				for (const each of classesWith.withAny(predicates)) drop(pairEntries(gone, each), step);
			}
			for (const gone of unusedClasses) {
				classesWith.delete(gone.parts.flat(), gone);
				classes.delete(gone.key);
				classByNumber.delete(gone.number);
				for (const set of setsWith.withAny(gone.parts.flat())) drop(pairEntries(set, gone), step);
			}
			unusedSets.clear();
			unusedClasses.clear();
		},
		flush(step) {
			step.rules.push(...added.filter((entry) => tables.rules.get(ruleKey(entry)) === entry));
			for (const set of addedSets) step.setPolicies.push([set.number, policiesOf(set)]);
			added = [];
			addedSets = [];
		},
		set: (number) => setByNumber.get(number),
	};
}
