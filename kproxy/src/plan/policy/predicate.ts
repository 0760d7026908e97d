import type { NamedPort, PodObject, PolicyPeer } from "../../model/policy/objects.ts";
import { matches, selectorText } from "../../model/policy/selector.ts";
import { type BlockSet, blockSet } from "./blocks.ts";

/** A set of peers that some rule allows: the union of its peers, or, for a named port of an egress rule, a part of them. */
export interface Predicate {
	/** Equal for predicates that mean the same. */
	readonly key: string;
	/** The only namespace whose pods it can hold; undefined: it may hold any. */
	readonly namespace: string | undefined;
	readonly blocks: BlockSet;
	/** Whether it holds a pod by one of its addresses. */
	hasPod(pod: PodObject, labels: Labels, address: bigint): boolean;
	/** Whether it holds what lies in a block and is no pod. */
	hasBlock(first: bigint, bits: number): boolean;
}

/** Labels of the pod's namespace. */
export type Labels = Readonly<Record<string, string>>;

/** `peers` empty: everybody, which makes sense with `port` only. `port`: only pods that give this name to this port. */
export function createPredicate(
	namespace: string,
	{ peers, port }: { peers: readonly PolicyPeer[]; port?: NamedPort | undefined },
): Predicate {
	const selectors = peers.flatMap((peer) => ("cidr" in peer ? [] : [peer]));
	const blocks = blockSet(peers);
	const isOwn =
		peers.length > 0 && blocks.cidrs.length === 0 && selectors.every(({ namespaces }) => !namespaces);
	const givesName = (pod: PodObject) =>
		!port ||
		pod.ports.some(
			({ name, protocol, port: number }) =>
				name === port.name && protocol === port.protocol && number === port.port,
		);
	return {
		key: keyOf(namespace, { peers, port }),
		namespace: isOwn ? namespace : undefined,
		blocks,
		hasPod(pod, labels, address) {
			if (!givesName(pod)) return false;
			if (peers.length === 0) return true;
			const isSelected = selectors.some(
				({ pods, namespaces }) =>
					(namespaces ? matches(namespaces, labels) : pod.namespace === namespace) &&
					matches(pods, pod.labels),
			);
			return isSelected || blocks.has(address);
		},
		hasBlock: (first, bits) => !port && blocks.has(first, bits),
	};
}

function keyOf(
	namespace: string,
	{ peers, port }: { peers: readonly PolicyPeer[]; port?: NamedPort | undefined },
): string {
	const texts = peers.map((peer) => {
		if ("cidr" in peer) return `${peer.cidr} - ${[...peer.except].sort().join(" ")}`;
		const where = peer.namespaces ? `{${selectorText(peer.namespaces)}}` : namespace;
		return `${where}: ${selectorText(peer.pods)}`;
	});
	const only = port ? ` | ${port.name}=${port.protocol}/${port.port}` : "";
	return [...new Set(texts)].sort().join(" + ") + only;
}
