import type { PodObject } from "../../model/policy/objects.ts";
import { addressNumber, blockOf } from "./blocks.ts";
import { KeyIndex } from "./key-index.ts";
import type { Matrix } from "./matrix.ts";
import type { Labels, Predicate } from "./predicate.ts";
import type { PolicyStep, PolicyTables } from "./tables.ts";

/** An address of a pod, or a block, and the predicates that hold it. */
interface Peer {
	text: string;
	pod: PodObject | undefined;
	labels: Labels;
	first: bigint;
	bits: number;
	predicates: string[];
	class: number;
}

/** Which predicates hold which addresses, kept up to date. */
export interface Peers {
	/** Takes another user of a predicate. Addresses that a new one holds are classed anew by `apply`. */
	use(predicate: Predicate): void;
	/** Lets a user go; where it was the last one, `apply` classes anew what it held. */
	leave(predicate: Predicate): void;
	/** The addresses of a pod are its alone; `undefined`: it has none any more. */
	setPod(key: string, pod: PodObject | undefined, labels: Labels): void;
	/** Gives what has changed a class in between: allowed what both its old and its new one are. Does not finish it. */
	join(step: PolicyStep): void;
	/** Writes what has changed into tables and step. */
	apply(step: PolicyStep): void;
}

/** Keeps `tables.peers`, whose classes it takes from the matrix. */
export function createPeers(tables: PolicyTables, matrix: Matrix): Peers {
	const predicates = new Map<string, { predicate: Predicate; users: number }>();
	const everywhere = new Set<Predicate>();
	const inNamespace = new KeyIndex<Predicate>();
	const peers = new Map<string, Peer>();
	const addressesOf = new Map<string, readonly string[]>();
	/** Pods that claim an address, the newest last: only one has it in a cluster, but news may come out of order. */
	const claims = new Map<string, Map<string, { pod: PodObject; labels: Labels }>>();
	const blockUsers = new Map<string, number>();
	/** Peers by the predicates that hold them. */
	const holders = new KeyIndex<Peer>();
	const fresh = new Set<Predicate>();
	const dead = new Set<Predicate>();
	/** To be asked of every predicate. */
	const dirty = new Set<Peer>();
	const gone = new Set<Peer>();

	const holds = (predicate: Predicate, { pod, labels, first, bits }: Peer) => {
		if (!pod) return predicate.hasBlock(first, bits);
		const { namespace } = predicate;
		return (namespace === undefined || namespace === pod.namespace) && predicate.hasPod(pod, labels, first);
	};
	const candidates = function* ({ pod }: Peer): Iterable<Predicate> {
		yield* everywhere;
		if (pod) yield* inNamespace.with(pod.namespace);
	};

	function useBlock(cidr: string): void {
		const users = blockUsers.get(cidr) ?? 0;
		blockUsers.set(cidr, users + 1);
		if (users > 0) return;
		const { bits, prefix } = blockOf(cidr);
		const first = prefix << BigInt(128 - bits);
		addPeer({ text: cidr, pod: undefined, labels: {}, first, bits, predicates: [], class: -1 });
	}

	function leaveBlock(cidr: string): void {
		const users = (blockUsers.get(cidr) ?? 1) - 1;
		if (users > 0) blockUsers.set(cidr, users);
		else {
			blockUsers.delete(cidr);
			removePeer(cidr);
		}
	}

	function addPeer(peer: Peer): void {
		const before = peers.get(peer.text);
		if (before) {
			gone.delete(before);
			Object.assign(before, { pod: peer.pod, labels: peer.labels });
			dirty.add(before);
			return;
		}
		peers.set(peer.text, peer);
		dirty.add(peer);
	}

	function removePeer(text: string): void {
		const peer = peers.get(text);
		if (peer) gone.add(peer);
	}

	function claim(key: string, address: string, now: { pod: PodObject; labels: Labels } | undefined): void {
		const claimants = claims.get(address) ?? new Map();
		claimants.delete(key);
		if (now) claimants.set(key, now);
		const last = [...claimants.values()].at(-1);
		if (last === undefined) {
			claims.delete(address);
			removePeer(address);
			return;
		}
		claims.set(address, claimants);
		addPeer({ text: address, ...last, first: addressNumber(address), bits: 128, predicates: [], class: -1 });
	}

	function namePod({ text, pod }: Peer, step: PolicyStep): void {
		const name = pod && `${pod.namespace}/${pod.name}`;
		if (tables.podNames.get(text) === name) return;
		if (name === undefined) tables.podNames.delete(text);
		else tables.podNames.set(text, name);
		step.podNames.set(text, name);
	}

	function reclass(peer: Peer, now: string[], step: PolicyStep): void {
		namePod(peer, step);
		holders.delete(peer.predicates, peer);
		holders.add(now, peer);
		peer.predicates = now;
		move(peer, matrix.acquireClass(now), step);
	}

	function move(peer: Peer, to: number, step: PolicyStep): void {
		const before = peer.class;
		peer.class = to;
		if (before > 0) matrix.releaseClass(before);
		if (before === to) return;
		tables.peers.set(peer.text, to);
		step.peers.set(peer.text, to);
	}

	function drop(peer: Peer, step: PolicyStep): void {
		holders.delete(peer.predicates, peer);
		if (peer.class > 0) matrix.releaseClass(peer.class);
		peers.delete(peer.text);
		namePod({ ...peer, pod: undefined }, step);
		if (peer.class === -1) return;
		tables.peers.delete(peer.text);
		step.peers.set(peer.text, undefined);
	}

	return {
		use(predicate) {
			const known = predicates.get(predicate.key);
			if (known) {
				known.users += 1;
				dead.delete(known.predicate);
				return;
			}
			predicates.set(predicate.key, { predicate, users: 1 });
			const { namespace } = predicate;
			if (namespace === undefined) everywhere.add(predicate);
			else inNamespace.add([namespace], predicate);
			for (const cidr of predicate.blocks.cidrs) useBlock(cidr);
			fresh.add(predicate);
		},
		leave({ key }) {
			const known = predicates.get(key);
			if (known && --known.users === 0) dead.add(known.predicate);
		},
		setPod(key, pod, labels) {
			const now = pod && !pod.hostNetwork ? pod.addresses : [];
			for (const address of addressesOf.get(key) ?? [])
				if (!now.includes(address)) claim(key, address, undefined);
			if (pod) for (const address of now) claim(key, address, { pod, labels });
			if (now.length > 0) addressesOf.set(key, now);
			else addressesOf.delete(key);
		},
		join(step) {
			for (const peer of dirty) {
				const now = predicatesNow(peer);
				if (gone.has(peer) || peer.class === -1 || now.join() === peer.predicates.join()) continue;
				move(peer, matrix.acquireJointClass(peer.predicates, now), step);
			}
		},
		apply(step) {
			for (const predicate of dead) unregister(predicate);
			for (const peer of gone) drop(peer, step);
			for (const peer of dirty) if (!gone.has(peer)) reclass(peer, predicatesNow(peer), step);
			for (const [peer, keys] of changedPredicates()) reclass(peer, [...keys].sort(), step);
			for (const each of [fresh, dead, dirty, gone]) each.clear();
		},
	};

	function unregister(predicate: Predicate): void {
		predicates.delete(predicate.key);
		everywhere.delete(predicate);
		if (predicate.namespace !== undefined) inNamespace.delete([predicate.namespace], predicate);
		fresh.delete(predicate);
		for (const cidr of predicate.blocks.cidrs) leaveBlock(cidr);
	}

	function predicatesNow(peer: Peer): string[] {
		const now: string[] = [];
		for (const predicate of candidates(peer)) if (holds(predicate, peer)) now.push(predicate.key);
		return now.sort();
	}

	/** Peers that gain new predicates or lose dead ones, with what they then have. */
	function changedPredicates(): Map<Peer, Set<string>> {
		const changed = new Map<Peer, Set<string>>();
		const keysOf = (peer: Peer): Set<string> => {
			const keys = changed.get(peer) ?? new Set(peer.predicates);
			changed.set(peer, keys);
			return keys;
		};
		for (const { key } of dead) for (const peer of holders.with(key)) keysOf(peer).delete(key);
		for (const predicate of fresh) {
			for (const peer of peers.values())
				if (!dirty.has(peer) && holds(predicate, peer)) keysOf(peer).add(predicate.key);
		}
		return changed;
	}
}
