import { frameTarget, openingFrame } from "../../dataplane/frame.ts";
import type { PolicyMaps } from "../../dataplane/policy-maps.ts";
import { judgeSide, type SideVerdict } from "../../dataplane/policy-verdict.ts";
import { nameOf } from "../../dataplane/policy-view.ts";
import type { Trial, TrialResult } from "../../dataplane/trial.ts";
import { usageError } from "../command.ts";
import type { Party, Question } from "./parse-question.ts";

/** What becomes of the first packet of a flow. */
export interface Explanation {
	from: string;
	to: string;
	port: number;
	protocol: number;
	/** Where it goes behind a Service; undefined: it is dialled itself. */
	backend: { address: string; port: number; pod: string } | undefined;
	allowed: boolean;
	/** Of what stopped it, in reasons.h; undefined where nothing did. */
	reason: string | undefined;
	/** Both directions, as far as their pods are of this node. */
	sides: SideVerdict[];
	/** What programs and maps say differs, which must not be: what it is. */
	disagreement: string | undefined;
}

/** Any that a client may have. */
const SOURCE_PORT = 40_000;

/** Tries the packet in each family that both have, by the programs, and explains what they said from the maps. */
export function explain(
	question: Question,
	{ maps, trial }: { maps: PolicyMaps; trial: Trial },
): Explanation[] {
	const pairs = commonPairs(question);
	if (pairs.length === 0) throw usageError("--explain: the two have no address of one IP family");
	return pairs.map(([from, to]) => explainOne({ ...question, addresses: [from, to] }, { maps, trial }));
}

function explainOne(
	{ port, protocol, addresses: [from, to] }: Question & { addresses: readonly [string, string] },
	{ maps, trial }: { maps: PolicyMaps; trial: Trial },
): Explanation {
	let frame = openingFrame({ from, to, protocol, sourcePort: SOURCE_PORT, port });
	let target = { address: to, port };
	const tries: TriedSide[] = [];
	const sender = maps.pods.get(from);
	if (sender) {
		const tried = trial.run("sends", frame, sender.ifindex);
		frame = tried.frame;
		target = tried.dropped ? (tried.refusedTo ?? target) : frameTarget(frame);
		const at = { own: from, entry: sender, peer: target.address, protocol, port: target.port };
		tries.push(compare(tried, judgeSide(maps, { direction: "egress", ...at })));
	}
	const receiver = maps.pods.get(target.address);
	if (receiver && !tries.some(({ tried }) => tried.dropped)) {
		const tried = trial.run("is sent", frame, receiver.ifindex);
		const at = { own: target.address, entry: receiver, peer: from, protocol, port: target.port };
		tries.push(compare(tried, judgeSide(maps, { direction: "ingress", ...at })));
	}
	const stopped = tries.find(({ tried }) => tried.dropped);
	const isBackend = target.address !== to || target.port !== port;
	return {
		from: nameOf(maps, from),
		to: nameOf(maps, to),
		port,
		protocol,
		backend: isBackend ? { ...target, pod: nameOf(maps, target.address) } : undefined,
		allowed: stopped === undefined,
		reason: stopped?.tried.reason,
		sides: tries.flatMap(({ side }) => side ?? []),
		disagreement: tries.find(({ disagreement }) => disagreement)?.disagreement,
	};
}

/** What a program did, and what the maps say of it; `side` is undefined where the packet did not come to policy. */
interface TriedSide {
	tried: TrialResult;
	side: SideVerdict | undefined;
	disagreement: string | undefined;
}

function compare(tried: TrialResult, side: SideVerdict): TriedSide {
	const isRefused = tried.reason === "POLICY_EGRESS" || tried.reason === "POLICY_INGRESS";
	if (tried.dropped && !isRefused) return { tried, side: undefined, disagreement: undefined };
	if (side.allowed === !isRefused) return { tried, side, disagreement: undefined };
	const verdict = side.allowed ? "allow" : "deny";
	const disagreement = `the maps ${verdict} ${side.direction}, the program does not: please report this`;
	return { tried, side, disagreement };
}

function commonPairs({ from, to }: { from: Party; to: Party }): [string, string][] {
	const isIPv6 = (address: string) => address.includes(":");
	return from.addresses.flatMap((one) => {
		const other = to.addresses.find((each) => isIPv6(each) === isIPv6(one));
		return other === undefined ? [] : [[one, other] as [string, string]];
	});
}
