import { parseDurationMs } from "../../config/duration.ts";
import type { EventView } from "../../dataplane/event-view.ts";
import { Reason, reasonDocs } from "../../dataplane/generated/tc.ts";
import { type OptionValues, usageError } from "../command.ts";
import { suggest } from "../suggest.ts";
import type { dropsOptions } from "./options.ts";

/** Reasons that an event can have. */
const REASONS = (Object.keys(reasonDocs) as (keyof typeof reasonDocs)[]).filter(
	(name) => Reason[name] >= Reason.REFUSED || name === "FLOW_ALLOWED",
);

/** Decides which events are shown. */
export interface EventFilter {
	passes(event: EventView): boolean;
	/** In ms; undefined: however old. */
	readonly sinceMs: number | undefined;
}

/** The filter that the flags ask for. Throws BpfError `USAGE` for what can match nothing. */
export function eventFilter({ pod, reason, since, allowed }: OptionValues<typeof dropsOptions>): EventFilter {
	if (pod !== undefined && !/^[^/\s]+\/[^/\s]+$/.test(pod)) {
		throw usageError(`--pod takes NAMESPACE/NAME, not ${JSON.stringify(pod)}`);
	}
	const reasons = reason?.map(String).map(knownReason);
	const sinceMs = since === undefined ? undefined : parseDurationMs(since);
	if (since !== undefined && sinceMs === undefined) {
		throw usageError(`--since takes a span of time such as 30s, 5m or 1h, not ${JSON.stringify(since)}`);
	}
	const isShown = ({ refused, reason: name }: EventView) =>
		refused || allowed || reasons?.includes(name) === true;
	return {
		sinceMs,
		passes: (event) =>
			isShown(event) &&
			(reasons === undefined || reasons.includes(event.reason)) &&
			(pod === undefined || event.from.pod === pod || event.to.pod === pod || event.policy?.peer.pod === pod),
	};
}

function knownReason(text: string): string {
	const name = text.toUpperCase();
	if ((REASONS as readonly string[]).includes(name)) return name;
	const near = suggest(name, REASONS);
	throw usageError(
		`--reason cannot be ${JSON.stringify(text)}`,
		near === undefined ? `choose one of ${REASONS.join(", ")}` : `did you mean ${near}?`,
	);
}
