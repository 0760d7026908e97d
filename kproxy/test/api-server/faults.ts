import type { ServerResponse } from "node:http";
import { matches, type RequestFilter, type SeenRequest } from "./seen-request.ts";
import { type StatusAnswer, send, statusAnswer } from "./status-bodies.ts";

/** What to do with a request instead of answering it. */
export type Fault =
	| { status: number; retryAfterS?: number; body?: string }
	/** Cut the connection. */
	| { cut: true }
	/** Answer 200 with these bytes. */
	| { text: string }
	/** Never answer. */
	| { hang: true };

/** Faults that wait for their requests. */
export interface FaultPlan {
	add(filter: RequestFilter, fault: Fault, times: number): void;
	/** Takes the first fault that is meant for this request. */
	take(seen: SeenRequest): Fault | undefined;
}

/** An empty plan. */
export function createFaultPlan(): FaultPlan {
	const waiting: { filter: RequestFilter; fault: Fault; left: number }[] = [];
	return {
		add: (filter, fault, times) => void waiting.push({ filter, fault, left: times }),
		take(seen) {
			const found = waiting.find(({ filter, left }) => left > 0 && matches(seen, filter));
			if (found === undefined) return undefined;
			found.left -= 1;
			return found.fault;
		},
	};
}

/** Does to the request what the fault says. */
export function spoil(fault: Fault, response: ServerResponse): void {
	if ("cut" in fault) response.socket?.destroy();
	else if ("text" in fault) response.writeHead(200).end(fault.text);
	else if ("status" in fault) send(response, faultAnswer(fault));
}

const REASONS: Readonly<Record<number, string>> = {
	400: "BadRequest",
	410: "Expired",
	429: "TooManyRequests",
	500: "InternalError",
	503: "ServiceUnavailable",
};

function faultAnswer({ status, retryAfterS, body }: Extract<Fault, { status: number }>): StatusAnswer {
	const headers = retryAfterS === undefined ? {} : { "retry-after": String(retryAfterS) };
	if (body !== undefined) return { status, body, headers };
	const message = `a fault of the test: ${status}`;
	const details = retryAfterS === undefined ? undefined : { retryAfterSeconds: retryAfterS };
	return statusAnswer({ code: status, message, reason: REASONS[status], details, headers });
}
