import type { Kind } from "../../model/objects.ts";
import type { ProblemBoard } from "../problem-board.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiError } from "./api-error.ts";
import { RESOURCES } from "./resources.ts";

/** Whose problem it is. */
export interface Failing {
	kind: Kind;
	client: ApiClient;
	board: ProblemBoard;
	/** The kind was complete once, so there is a last state. */
	synced: boolean;
}

const UNREACHABLE = "unreachable";

/** Puts an error on the board, in words that stay the same while it lasts. */
export function raiseFailure(failing: Failing, error: unknown): void {
	const { kind, board, client, synced } = failing;
	const meanwhile = synced
		? "the last state keeps serving, trying again"
		: isDispensable(kind, error)
			? "Services are served without them, trying again"
			: "nothing is known of them yet, trying again";
	if (error instanceof ApiError) {
		const why = statusWords(error, { kind, server: client.server });
		board.raise(`${kind} answer`, `${RESOURCES[kind].resource}: ${why}; ${meanwhile}`);
		return;
	}
	const why = error instanceof Error ? error.message : String(error);
	// Of all kinds alike, so it is said once.
	board.raise(UNREACHABLE, `${why}; ${synced ? "the last state keeps serving, " : ""}trying again`);
}

function isDispensable(kind: Kind, error: unknown): boolean {
	return RESOURCES[kind].dispensable && error instanceof ApiError && error.status === 403;
}

/** The server answered as it should. */
export function settleContact({ kind, board, client }: Failing): void {
	board.clear(UNREACHABLE, `the API server at ${client.server} answers again`);
	board.clear(`${kind} answer`, `${RESOURCES[kind].resource}: the API server answers as it should again`);
}

function statusWords(error: ApiError, { kind, server }: { kind: Kind; server: string }): string {
	const { group, resource, sinceMinor } = RESOURCES[kind];
	const said = `it said: ${error.serverMessage}`;
	switch (error.status) {
		case 401:
			return `the API server at ${server} does not accept the credentials (401); check token, certificate and their age`;
		case 403:
			return `no permission (403); grant the verbs list and watch on ${resource} in API group "${group}" by a ClusterRole; ${said}`;
		case 404:
			return `the server at ${server} has no such resource (404); Kubernetes has it from 1.${sinceMinor} on; is this an API server?`;
		case 429:
			return `the API server has too many requests (429)`;
		default:
			return `the API server answered ${error.status}${error.reason && ` ${error.reason}`}; ${said}`;
	}
}
