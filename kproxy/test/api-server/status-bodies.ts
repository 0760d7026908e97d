import type { ServerResponse } from "node:http";
import type { Collection } from "./collections.ts";

/** A Status body and its HTTP status. */
export interface StatusAnswer {
	status: number;
	body: string;
	headers?: Readonly<Record<string, string>>;
}

/** Who the server thinks that anybody is. */
const USER = "system:serviceaccount:kube-system:kproxy";

const EXPIRED_CONTINUE =
	"The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/** A failure as the API writes it: fields in this order, a newline at the end. */
export function statusAnswer(facts: {
	code: number;
	message: string;
	reason?: string | undefined;
	details?: Readonly<Record<string, unknown>> | undefined;
	continueToken?: string | undefined;
	headers?: Readonly<Record<string, string>> | undefined;
}): StatusAnswer {
	const body = {
		kind: "Status",
		apiVersion: "v1",
		metadata: facts.continueToken === undefined ? {} : { continue: facts.continueToken },
		status: "Failure",
		message: facts.message,
		reason: facts.reason,
		details: facts.details,
		code: facts.code,
	};
	return {
		status: facts.code,
		body: `${JSON.stringify(body)}\n`,
		...(facts.headers === undefined ? {} : { headers: facts.headers }),
	};
}

/** 401, whatever was asked for. */
export function unauthorized(): StatusAnswer {
	return statusAnswer({ code: 401, message: "Unauthorized", reason: "Unauthorized" });
}

/** 403 for a verb on a collection. */
export function forbidden({ resource, group }: Collection, verb: string): StatusAnswer {
	return statusAnswer({
		code: 403,
		message: `${resource} is forbidden: User "${USER}" cannot ${verb} resource "${resource}" in API group "${group}" at the cluster scope`,
		reason: "Forbidden",
		details: { ...(group === "" ? {} : { group }), kind: resource },
	});
}

/** 404 for an object. */
export function notFound({ resource, group }: Collection, name: string): StatusAnswer {
	const qualified = group === "" ? resource : `${resource}.${group}`;
	const details = { name, ...(group === "" ? {} : { group }), kind: resource };
	return statusAnswer({
		code: 404,
		message: `${qualified} "${name}" not found`,
		reason: "NotFound",
		details,
	});
}

/** 409 for a POST of what exists. */
export function alreadyExists({ resource, group }: Collection, name: string): StatusAnswer {
	const qualified = group === "" ? resource : `${resource}.${group}`;
	const details = { name, ...(group === "" ? {} : { group }), kind: resource };
	return statusAnswer({
		code: 409,
		message: `${qualified} "${name}" already exists`,
		reason: "AlreadyExists",
		details,
	});
}

/** 410 for a continue token whose revision is compacted, with the token that goes on regardless. */
export function expiredContinue(token: string): StatusAnswer {
	return statusAnswer({ code: 410, message: EXPIRED_CONTINUE, reason: "Expired", continueToken: token });
}

/** 422 for a name that is no label. */
export function invalidName({ kind }: Collection, name: string): StatusAnswer {
	const rule =
		"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
	const message = `Invalid value: "${name}": ${rule}`;
	return statusAnswer({
		code: 422,
		message: `${kind} "${name}" is invalid: metadata.name: ${message}`,
		reason: "Invalid",
		details: { name, kind, causes: [{ reason: "FieldValueInvalid", message, field: "metadata.name" }] },
	});
}

/** 422 of a server without streaming lists. */
export function streamingListRefused(): StatusAnswer {
	const rule = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
	return statusAnswer({
		code: 422,
		message: `ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: ${rule}`,
		reason: "Invalid",
		details: {
			group: "meta.k8s.io",
			kind: "ListOptions",
			causes: [{ reason: "FieldValueForbidden", message: `Forbidden: ${rule}`, field: "sendInitialEvents" }],
		},
	});
}

/** The object of an ERROR event for a watch from a compacted revision. */
export function tooOld(asked: number, compacted: number): string {
	const message = `too old resource version: ${asked} (${compacted})`;
	return statusAnswer({ code: 410, message, reason: "Expired" }).body.trimEnd();
}

/** Sends an answer that is there in full. */
export function send(response: ServerResponse, { status, body, headers = {} }: StatusAnswer): void {
	response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}
