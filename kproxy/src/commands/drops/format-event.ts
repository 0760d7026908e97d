import type { EventEnd, EventView, PolicyVerdict } from "../../dataplane/event-view.ts";
import { escapeControls } from "../table.ts";

/** One event as one line, in words; ends with a newline. */
export function formatEvent(event: EventView): string {
	const { verb, cause } = inWords(event);
	const flow = `${endText(event.from)} > ${endText(event.to)}`;
	const parts = [timeText(event.atMs), verb, event.protocol, flow, whereText(event)];
	return `${escapeControls(`${parts.join(" ")}: ${cause} [${event.reason}]`)}\n`;
}

/** Of the sentence in reasons.h, `Dropped: why.`, what happened and why. */
function inWords(event: EventView): { verb: string; cause: string } {
	const { sentence, policy } = event;
	const [verb = "", ...rest] = sentence.split(": ");
	const cause = policy ? policyText(policy, event) : rest.join(": ").replace(/\.$/, "");
	return {
		verb: policy?.rule !== undefined || verb.startsWith("Passed") ? "passed" : verb.toLowerCase(),
		cause,
	};
}

/** The peer is named where the packet does not: behind a Service. */
function policyText({ direction, isolatedBy, rule, peer }: PolicyVerdict, { from, to }: EventView): string {
	const own = direction === "egress" ? to : from;
	const named = peer.address === own.address && peer.port === own.port;
	const what = named ? "" : ` ${direction === "egress" ? "to" : "from"} ${endText(peer)}`;
	if (rule !== undefined) return `by ${rule}${what}`;
	if (isolatedBy.length === 0) return `the pod's ${direction}${what} was isolated, and is not any more`;
	const one = isolatedBy.length === 1;
	return `no rule of ${isolatedBy.join(", ")}, which isolate${one ? "s" : ""} the pod's ${direction}, allows it${what}`;
}

/** `10.244.1.2:8080 (shop/web)`. */
function endText({ address, port, pod }: EventEnd): string {
	if (address === undefined) return port === 0 ? "a socket" : `a socket at port ${port}`;
	const host = address.includes(":") && port !== 0 ? `[${address}]` : address;
	return `${host}${port === 0 ? "" : `:${port}`}${pod === undefined ? "" : ` (${pod})`}`;
}

const CALLS: Readonly<Record<string, string>> = {
	CONNECT: "at connect()",
	SENDMSG: "at sendmsg()",
	POST_BIND: "at bind()",
};

function whereText({ hook, direction, interface: name }: EventView): string {
	const call = CALLS[hook];
	if (call !== undefined) return call;
	const device = name === undefined ? "a device that is gone" : name;
	if (hook === "POD") return `${direction === "INGRESS" ? "from" : "to"} the pod behind ${device}`;
	return `${direction === "INGRESS" ? "in" : "out"} at ${device}`;
}

/** As logs have it, in local time. */
function timeText(ms: number): string {
	const date = new Date(ms);
	const two = (value: number) => String(value).padStart(2, "0");
	const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
	const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
	return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
