import type { PortPrefix } from "./port-prefixes.ts";
import {
	ANY_CLASS,
	type Directions,
	type PolicyStep,
	type PolicyTables,
	type RuleEntry,
	ruleKey,
	type SetPolicy,
} from "./tables.ts";

/** A set of predicates that some address satisfies. It never changes: other predicates are another class. */
export interface PeerClass {
	readonly number: number;
	readonly predicates: readonly string[];
	users: number;
}

/** The rules of pods that the same policies select. It never changes: other rules are another set. */
export interface RuleSet extends SetContent {
	readonly number: number;
	readonly key: string;
	users: number;
}

/** What makes a set. */
export interface SetContent {
	readonly rules: readonly SetRule[];
	readonly policies: readonly SetPolicy[];
}

/** One rule in a set, or a part of one. */
export interface SetRule {
	readonly rule: number;
	readonly direction: keyof Directions;
	/** Key of its predicate; undefined: every peer. */
	readonly predicate: string | undefined;
	readonly ports: readonly PortPrefix[];
}

/** Numbers that are taken in the kernel already, by what they stand for. */
export interface TakenNumbers {
	/** The first that was never given out. */
	next: number;
	classes: ReadonlyMap<string, number>;
	sets: ReadonlyMap<string, number>;
}

/**
 * Rule sets against peer classes: the entry for each pair follows from the two alone, and is there as long as both are.
 * A number is given out once, and so never means anything else.
 */
export interface Matrix {
	/** The class of exactly these predicates, with one more user; 0 for none at all. */
	acquireClass(predicates: readonly string[]): number;
	/** The set of this content, with one more user; 0 where no policy is in it. */
	acquireSet(key: string, content: () => SetContent): number;
	releaseClass(number: number): void;
	releaseSet(number: number): void;
	/** Drops what has no users, from the tables and into the step. */
	sweep(step: PolicyStep): void;
	/** What has been put into the tables since the last call goes into the step. */
	flush(step: PolicyStep): void;
	set(number: number): RuleSet | undefined;
}

/** Keeps `tables.rules` and `tables.setPolicies`. */
export function createMatrix(tables: PolicyTables, taken: TakenNumbers): Matrix {
	const classes = new Map<string, PeerClass>();
	const classByNumber = new Map<number, PeerClass>();
	const sets = new Map<string, RuleSet>();
	const setByNumber = new Map<number, RuleSet>();
	const classesWith = new Index<PeerClass>();
	const setsWith = new Index<RuleSet>();
	const unusedClasses = new Set<PeerClass>();
	const unusedSets = new Set<RuleSet>();
	let added: RuleEntry[] = [];
	let addedSets: RuleSet[] = [];
	let next = taken.next;

	const put = (entries: Iterable<RuleEntry>) => {
		for (const entry of entries) {
			tables.rules.set(ruleKey(entry), entry);
			added.push(entry);
		}
	};
	const drop = (entries: Iterable<RuleEntry>, step: PolicyStep) => {
		for (const entry of entries) if (tables.rules.delete(ruleKey(entry))) step.leftRules.push(entry);
	};

	return {
		acquireClass(predicates) {
			if (predicates.length === 0) return 0;
			const key = predicates.join("\n");
			const known = classes.get(key);
			if (known) {
				known.users += 1;
				unusedClasses.delete(known);
				return known.number;
			}
			const made: PeerClass = { number: taken.classes.get(key) ?? next++, predicates, users: 1 };
			classes.set(key, made);
			classByNumber.set(made.number, made);
			classesWith.add(predicates, made);
			for (const set of setsWith.of(predicates)) put(pairEntries(set, made));
			return made.number;
		},
		acquireSet(key, content) {
			if (key === "") return 0;
			const known = sets.get(key);
			if (known) {
				known.users += 1;
				unusedSets.delete(known);
				return known.number;
			}
			const made: RuleSet = { ...content(), number: taken.sets.get(key) ?? next++, key, users: 1 };
			sets.set(key, made);
			setByNumber.set(made.number, made);
			tables.setPolicies.set(made.number, made.policies);
			addedSets.push(made);
			const predicates = predicatesOf(made);
			setsWith.add(predicates, made);
			put(anyEntries(made));
			for (const each of classesWith.of(predicates)) put(pairEntries(made, each));
			return made.number;
		},
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
				for (const each of classesWith.of(predicates)) drop(pairEntries(gone, each), step);
			}
			for (const gone of unusedClasses) {
				classesWith.delete(gone.predicates, gone);
				classes.delete(gone.predicates.join("\n"));
				classByNumber.delete(gone.number);
				for (const set of setsWith.of(gone.predicates)) drop(pairEntries(set, gone), step);
			}
			unusedSets.clear();
			unusedClasses.clear();
		},
		flush(step) {
			step.rules.push(...added.filter((entry) => tables.rules.get(ruleKey(entry)) === entry));
			for (const { number, policies } of addedSets) step.setPolicies.push([number, policies]);
			added = [];
			addedSets = [];
		},
		set: (number) => setByNumber.get(number),
	};
}

/** Who has which predicate. */
class Index<T> {
	readonly #users = new Map<string, Set<T>>();

	add(predicates: readonly string[], user: T): void {
		for (const predicate of predicates)
			this.#users.set(predicate, (this.#users.get(predicate) ?? new Set()).add(user));
	}

	delete(predicates: readonly string[], user: T): void {
		for (const predicate of predicates) {
			const users = this.#users.get(predicate);
			users?.delete(user);
			if (users?.size === 0) this.#users.delete(predicate);
		}
	}

	/** All that have at least one of them, each once. */
	of(predicates: readonly string[]): Set<T> {
		const found = new Set<T>();
		for (const predicate of predicates) for (const user of this.#users.get(predicate) ?? []) found.add(user);
		return found;
	}
}

function predicatesOf({ rules }: SetContent): string[] {
	return [...new Set(rules.flatMap(({ predicate }) => predicate ?? []))];
}

const anyEntries = (set: RuleSet) => entriesOf(set, ANY_CLASS, ({ predicate }) => predicate === undefined);

function pairEntries(set: RuleSet, { number, predicates }: PeerClass): RuleEntry[] {
	return entriesOf(set, number, ({ predicate }) => predicate !== undefined && predicates.includes(predicate));
}

/** Where two rules allow the same, the first is counted. */
function entriesOf(set: RuleSet, peers: number, applies: (rule: SetRule) => boolean): RuleEntry[] {
	const entries = new Map<string, RuleEntry>();
	for (const each of set.rules) {
		if (!applies(each)) continue;
		const { rule, direction } = each;
		for (const prefix of each.ports) {
			const entry = { set: set.number, class: peers, direction, ...prefix, rule };
			const key = ruleKey(entry);
			if (!entries.has(key)) entries.set(key, entry);
		}
	}
	return [...entries.values()];
}
