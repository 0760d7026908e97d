import type { MapHandle } from "bpf-loader";
import { type MapTable, openArray, openHash, openLpmTrie } from "bpf-maps";
import {
	maps,
	type PeerAddress,
	type PeerPrefix,
	type Pod,
	type PodInterface,
	type PodName,
	PolicyFlag,
	type PolicyKey,
	type PolicyName,
	type PolicyState,
	type SetPolicyKey,
} from "./generated/tc.ts";

/** The maps that say what policy is; addresses are keys in their one spelling. */
export interface PolicyMaps {
	state: MapTable<number, PolicyState>;
	pods: MapTable<string, Pod>;
	interfaces: MapTable<number, PodInterface>;
	ownAddresses: MapTable<string, number>;
	peerAddresses: MapTable<PeerAddress, number>;
	podNames: MapTable<string, PodName>;
	peerClasses: MapTable<PeerPrefix, number>;
	rules: MapTable<PolicyKey, number>;
	names: MapTable<number, PolicyName>;
	/** New flows by rule. */
	hits: MapTable<number, bigint>;
	setPolicies: MapTable<SetPolicyKey, PolicyName>;
}

/** The maps behind `PolicyMaps`, by their names in the kernel. */
export type PolicyMapNames = Pick<
	typeof maps,
	| "policy_state"
	| "pods"
	| "pod_interfaces"
	| "own_addresses"
	| "peer_addresses"
	| "pod_names"
	| "peer_classes"
	| "policy_rules"
	| "policy_names"
	| "rule_hits"
	| "set_policies"
>;

/** Throws LayoutError where a map's key or value is not what this version of kproxy was built with. */
export function openPolicyMaps(handles: Readonly<Record<keyof PolicyMapNames, MapHandle>>): PolicyMaps {
	return {
		state: openArray(handles.policy_state, maps.policy_state),
		pods: openHash(handles.pods, maps.pods),
		interfaces: openHash(handles.pod_interfaces, maps.pod_interfaces),
		ownAddresses: openHash(handles.own_addresses, maps.own_addresses),
		peerAddresses: openHash(handles.peer_addresses, maps.peer_addresses),
		podNames: openHash(handles.pod_names, maps.pod_names),
		peerClasses: openLpmTrie(handles.peer_classes, maps.peer_classes),
		rules: openLpmTrie(handles.policy_rules, maps.policy_rules),
		names: openHash(handles.policy_names, maps.policy_names),
		hits: openHash(handles.rule_hits, maps.rule_hits),
		setPolicies: openHash(handles.set_policies, maps.set_policies),
	};
}

export function isEnforced(maps: Pick<PolicyMaps, "state">): boolean {
	return ((maps.state.get(0)?.flags ?? 0) & PolicyFlag.ENFORCED) !== 0;
}
