/** Histories and faults for a person to read. */
import type { ApiObject } from "../../../src/model/objects.ts";
import type { PolicyPeer, PolicyPort, PolicyRule, Selector } from "../../../src/model/policy/objects.ts";
import { selectorText } from "../../../src/model/policy/selector.ts";
import type { Edit, History } from "./history.ts";
import type { Packet } from "./packet.ts";
import type { Fault } from "./play.ts";

/** Where, what, and all that leads to it. */
export function describeFault(fault: Fault, history: History): string {
	const where = fault.action < 0 ? "at the start" : `at action ${fault.action + 1}`;
	const packet = fault.packet ? `${describePacket(fault.packet)}: ` : "";
	return [`${where}, ${packet}${fault.why}`, ...describeHistory(history)].join("\n");
}

function describeHistory({ recheck, start, actions }: History): string[] {
	return [
		`start${recheck ? ", flows are judged again after each change" : ""}`,
		...start.map(describeEdit),
		...actions.flatMap(({ what, edits }, index) => [
			`action ${index + 1}: ${what}`,
			...edits.map(describeEdit),
		]),
	];
}

function describePacket({ from, to, protocol, port, icmpType }: Packet): string {
	const name = { 1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6", 132: "SCTP" }[protocol];
	const about = icmpType === undefined ? (port ? ` port ${port}` : "") : ` type ${icmpType}`;
	return `${name ?? `protocol ${protocol}`} from ${from} to ${to}${about}`;
}

const describeEdit = ([what, object]: Edit): string =>
	what === "delete" ? `  delete ${nameOf(object)}` : `  ${nameOf(object)} ${describeObject(object)}`;

const nameOf = ({ kind, namespace, name }: ApiObject): string =>
	`${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;

function describeObject(object: ApiObject): string {
	if (object.kind === "Namespace") return labelsText(object.labels);
	if (object.kind === "Pod") {
		const ports = object.ports.map(({ name, protocol, port }) => `${name}=${port}/${protocol}`);
		const host = object.hostNetwork ? " hostNetwork" : "";
		return [`${labelsText(object.labels)} on ${object.nodeName}${host}`, ...object.addresses, ...ports].join(
			" ",
		);
	}
	if (object.kind !== "NetworkPolicy") return "";
	const { podSelector, isolates } = object;
	const rules = isolates.flatMap((direction) =>
		object[direction].map((rule) => `; ${direction} ${describeRule(rule)}`),
	);
	return `of pods ${selected(podSelector)} isolates ${isolates.join(" and ")}${rules.join("")}`;
}

function describeRule({ peers, ports }: PolicyRule): string {
	const who = peers.length === 0 ? "everybody" : peers.map(describePeer).join(" or ");
	return ports.length === 0 ? who : `${who} at ${ports.map(describePort).join(", ")}`;
}

function describePeer(peer: PolicyPeer): string {
	if ("cidr" in peer)
		return peer.except.length === 0 ? peer.cidr : `${peer.cidr} except ${peer.except.join(", ")}`;
	return `pods ${selected(peer.pods)}${peer.namespaces ? ` of namespaces ${selected(peer.namespaces)}` : ""}`;
}

function describePort({ protocol, ports }: PolicyPort): string {
	if (!ports) return protocol;
	if ("name" in ports) return `${ports.name}/${protocol}`;
	return `${ports.first}${ports.last === ports.first ? "" : `-${ports.last}`}/${protocol}`;
}

const selected = (selector: Selector): string => `[${selectorText(selector)}]`;

const labelsText = (labels: Readonly<Record<string, string>>): string =>
	`{${Object.entries(labels)
		.map(([key, value]) => `${key}=${value}`)
		.join(" ")}}`;
