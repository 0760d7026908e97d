import { frameTarget, openingFrame } from "../../dataplane/frame.ts";
import type { PolicyMaps } from "../../dataplane/policy-maps.ts";
import { judgeSide, type SideVerdict } from "../../dataplane/policy-verdict.ts";
import { nameOf } from "../../dataplane/policy-view.ts";
import type { Trial } from "../../dataplane/trial.ts";
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
	const sides: SideVerdict[] = [];
	const disagreements: string[] = [];
	let frame = openingFrame({ from, to, protocol, sourcePort: SOURCE_PORT, port });
	let target = { address: to, port };
	let stopped: string | undefined;

	const sender = maps.pods.get(from);
	if (sender) {
		const tried = trial.run("sends", frame, sender.ifindex);
		frame = tried.frame;
		if (!tried.dropped) target = frameTarget(frame);
		else stopped = tried.reason;
		if (!tried.dropped || isPolicy(tried.reason)) {
			const peer = tried.dropped ? to : target.address;
			const at = {
				direction: "egress",
				pod: nameOf(maps, from),
				entry: sender,
				peer,
				protocol,
				port: target.port,
			} as const;
			const side = from === peer ? { ...OPEN, direction: at.direction, pod: at.pod } : judgeSide(maps, at);
			sides.push(side);
			disagreements.push(...differences(side, tried));
		}
	}
	const receiver = maps.pods.get(target.address);
	if (receiver && stopped === undefined) {
		const tried = trial.run("is sent", frame, receiver.ifindex);
		stopped = tried.dropped ? tried.reason : undefined;
		const at = {
			direction: "ingress",
			pod: nameOf(maps, target.address),
			entry: receiver,
			peer: from,
			protocol,
			port: target.port,
		} as const;
		const side =
			from === target.address ? { ...OPEN, direction: at.direction, pod: at.pod } : judgeSide(maps, at);
		sides.push(side);
		disagreements.push(...differences(side, tried));
	}
	const isBackend = target.address !== to || target.port !== port;
	return {
		from: nameOf(maps, from),
		to: nameOf(maps, to),
		port,
		protocol,
		backend: isBackend ? { ...target, pod: nameOf(maps, target.address) } : undefined,
		allowed: stopped === undefined,
		reason: stopped,
		sides,
		disagreement: disagreements[0],
	};
}

/** A pod reaches itself, and nothing is asked. */
const OPEN = { allowed: true, rule: "a pod reaches itself", isolatedBy: [], nearest: undefined };

const isPolicy = (reason: string | undefined) => reason === "POLICY_EGRESS" || reason === "POLICY_INGRESS";

function differences(
	{ allowed, direction }: SideVerdict,
	tried: { dropped: boolean; reason: string | undefined },
): string[] {
	if (allowed !== (tried.dropped && isPolicy(tried.reason))) return [];
	const verdict = (passes: boolean) => (passes ? "allow" : "deny");
	return [`the maps ${verdict(allowed)} ${direction}, the program does not: please report this`];
}

function commonPairs({ from, to }: { from: Party; to: Party }): [string, string][] {
	const isIPv6 = (address: string) => address.includes(":");
	return from.addresses.flatMap((one) => {
		const other = to.addresses.find((each) => isIPv6(each) === isIPv6(one));
		return other === undefined ? [] : [[one, other] as [string, string]];
	});
}
