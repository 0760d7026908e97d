import type { SideVerdict } from "../../dataplane/policy-verdict.ts";
import type { PodView, RuleView } from "../../dataplane/policy-view.ts";
import { protocolText } from "../../dataplane/tables.ts";
import { escapeControls, formatTable } from "../table.ts";
import type { Explanation } from "./explain.ts";

/** Peers that a row names. */
const NAMED_PEERS = 3;

export function formatPods(pods: readonly (PodView & { interface: string | undefined })[]): string {
	return formatTable(
		["POD", "ADDRESSES", "INTERFACE", "ISOLATED", "POLICIES"],
		pods.map(({ pod, addresses, interface: name, isolated, policies }) => [
			pod,
			addresses.join(", "),
			name ?? "gone",
			isolatedText(isolated),
			policies.map(({ policy }) => policy).join(", ") || "none",
		]),
	);
}

export function formatRules(pod: PodView, rules: readonly RuleView[]): string {
	const facts = [
		["pod:", `${pod.pod}, ${pod.addresses.join(", ")}`],
		["isolated:", isolatedText(pod.isolated)],
		["policies:", pod.policies.map(({ policy }) => policy).join(", ") || "none: everything passes"],
	].map(([name = "", fact = ""]) => `${name.padEnd(11)}${escapeControls(fact)}\n`);
	if (rules.length === 0) return facts.join("");
	const table = formatTable(
		["DIRECTION", "POLICY", "RULE", "PEERS", "PORTS", "NEW FLOWS"],
		rules.map((rule) => [
			rule.direction,
			rule.policy,
			String(rule.index),
			peersText(rule),
			rule.ports.join(", ") || "none now",
			String(rule.hits),
		]),
	);
	return `${facts.join("")}\n${table}`;
}

export function formatExplanation(explanation: Explanation): string {
	const { from, to, port, protocol, backend, allowed, reason, sides, disagreement } = explanation;
	const verdict = allowed ? "allowed" : `denied [${reason}]`;
	const lines = [`${from} > ${to} ${port}/${protocolText(protocol)}: ${verdict}`];
	if (backend) lines.push(`  the Service leads to ${backend.pod} port ${backend.port}`);
	lines.push(...sides.flatMap(sideLines));
	if (sides.length === 0 && allowed) lines.push("  neither is a pod of this node: nothing is judged here");
	if (disagreement) lines.push(`  ${disagreement}`);
	return `${lines.map(escapeControls).join("\n")}\n`;
}

function sideLines({ direction, pod, allowed, rule, isolatedBy, nearest }: SideVerdict): string[] {
	const by = isolatedBy.length === 0 ? "no policy isolates it" : `isolated by ${isolatedBy.join(", ")}`;
	if (allowed) return [`  ${direction} of ${pod}: allowed, ${rule === undefined ? by : `by ${rule}`}`];
	const near = nearest
		? [`    nearest: ${nearest.rule} ${nearest.reason}`]
		: ["    no rule allows this peer or this port"];
	return [`  ${direction} of ${pod}: denied, ${by}`, ...near];
}

function isolatedText({ ingress, egress }: PodView["isolated"]): string {
	if (ingress && egress) return "ingress, egress";
	if (ingress) return "ingress";
	return egress ? "egress" : "no";
}

function peersText({ everybody, pods, blocks }: RuleView): string {
	if (everybody) return "everybody";
	const all = [...pods, ...blocks];
	if (all.length === 0) return "nobody now";
	const more = all.length - NAMED_PEERS;
	return `${all.slice(0, NAMED_PEERS).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
