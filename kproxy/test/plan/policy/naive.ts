/** Judges packets straight by the objects, as the API says it. Shares nothing with the planner but the parsed objects. */
import type { ApiObject } from "../../../src/model/objects.ts";
import type {
	NetworkPolicyObject,
	PodObject,
	PolicyPeer,
	PolicyPort,
	Selector,
} from "../../../src/model/policy/objects.ts";
import type { Probe } from "./evaluate.ts";

const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132 };

/** Whether the objects allow it; `isLocal` says whose own policies are enforced. */
export function objectsAllow(
	objects: readonly ApiObject[],
	probe: Probe,
	isLocal: (pod: PodObject) => boolean,
): boolean {
	return (["egress", "ingress"] as const).every((direction) => {
		const own = podAt(objects, direction === "egress" ? probe.from : probe.to);
		return !own || !isLocal(own) || endAllows(objects, probe, direction);
	});
}

/** Whether one end allows it: the pod that sends, or the one that is sent. Where no pod is, everything is allowed. */
export function endAllows(
	objects: readonly ApiObject[],
	probe: Probe,
	direction: "egress" | "ingress",
): boolean {
	const { from, to } = probe;
	if (from === to) return true;
	const [source, target] = [podAt(objects, from), podAt(objects, to)];
	const [own, peer, address] = direction === "egress" ? [source, target, to] : [target, source, from];
	if (!own) return true;
	const selecting = objects.filter(
		(object): object is NetworkPolicyObject =>
			object.kind === "NetworkPolicy" &&
			object.namespace === own.namespace &&
			selects(object.podSelector, own.labels) &&
			object.isolates.includes(direction),
	);
	if (selecting.length === 0) return true;
	return selecting.some((policy) =>
		policy[direction].some(
			({ peers, ports }) =>
				(peers.length === 0 || peers.some((each) => isPeer(each, { policy, peer, address, objects }))) &&
				(ports.length === 0 || ports.some((each) => isPort(each, probe, target))),
		),
	);
}

/** The pod that has an address. */
export function podAt(objects: readonly ApiObject[], address: string): PodObject | undefined {
	return objects.find(
		(object): object is PodObject =>
			object.kind === "Pod" && !object.hostNetwork && object.addresses.includes(address),
	);
}

function isPeer(
	each: PolicyPeer,
	{
		policy,
		peer,
		address,
		objects,
	}: {
		policy: NetworkPolicyObject;
		peer: PodObject | undefined;
		address: string;
		objects: readonly ApiObject[];
	},
): boolean {
	if ("cidr" in each) return isIn(each.cidr, address) && !each.except.some((cidr) => isIn(cidr, address));
	if (!peer) return false;
	if (!each.namespaces) return peer.namespace === policy.namespace && selects(each.pods, peer.labels);
	const namespace = objects.find((object) => object.kind === "Namespace" && object.name === peer.namespace);
	const labels = namespace?.kind === "Namespace" ? namespace.labels : {};
	return selects(each.namespaces, labels) && selects(each.pods, peer.labels);
}

function isPort({ protocol, ports }: PolicyPort, probe: Probe, named: PodObject | undefined): boolean {
	if (PROTOCOLS[protocol] !== probe.protocol) return false;
	if (ports === undefined) return true;
	if ("first" in ports) return probe.port >= ports.first && probe.port <= ports.last;
	return (
		named?.ports.some(
			(own) => own.name === ports.name && own.protocol === protocol && own.port === probe.port,
		) ?? false
	);
}

function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
	for (const { key, operator, values } of selector) {
		const has = key in labels;
		const isListed = has && values.includes(labels[key] ?? "");
		if (operator === "In" && !isListed) return false;
		if (operator === "NotIn" && isListed) return false;
		if (operator === "Exists" && !has) return false;
		if (operator === "DoesNotExist" && has) return false;
	}
	return true;
}

/** Bit by bit, so that it cannot share a mistake with the planner's numbers. */
function isIn(cidr: string, address: string): boolean {
	const [network = "", length = "0"] = cidr.split("/");
	if (network.includes(":") !== address.includes(":")) return false;
	return bitsOf(address).startsWith(bitsOf(network).slice(0, Number(length)));
}

function bitsOf(address: string): string {
	if (!address.includes(":"))
		return address
			.split(".")
			.map((part) => Number(part).toString(2).padStart(8, "0"))
			.join("");
	const [head = "", tail] = address.split("::");
	const groups = (text: string | undefined) => (text ? text.split(":") : []);
	const [first, last] = [groups(head), groups(tail)];
	const middle = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => "0");
	return [...first, ...middle, ...last]
		.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0"))
		.join("");
}
