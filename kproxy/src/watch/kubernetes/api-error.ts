import { BpfError } from "bpf-loader";

/** The API server answered, and said no. `status` is the HTTP status, `reason` the word of its Status body. */
export class ApiError extends BpfError {
	readonly status: number;
	readonly reason: string;
	/** What the server itself says. */
	readonly serverMessage: string;
	/** How long it asks to wait, in ms. */
	readonly retryAfterMs: number | undefined;

	constructor(facts: {
		status: number;
		reason: string;
		serverMessage: string;
		retryAfterMs?: number | undefined;
		/** The request, as in `GET /api/v1/services`. */
		request: string;
	}) {
		const { status, reason, serverMessage, request } = facts;
		super(`${request}: the API server answered ${status}${reason && ` ${reason}`}: ${serverMessage}`, {
			code: "API_STATUS",
			operation: "get",
			object: request,
		});
		this.status = status;
		this.reason = reason;
		this.serverMessage = serverMessage;
		this.retryAfterMs = facts.retryAfterMs;
	}

	/** The resourceVersion or continue token is too old: list again. */
	get expired(): boolean {
		return this.status === 410 || this.reason === "Expired" || this.reason === "Gone";
	}
}

/** An error from a Status object, as a body or inside an ERROR event; from the HTTP status where the body is none. */
export function statusError(
	body: unknown,
	{ status, request, retryAfter }: { status: number; request: string; retryAfter?: string | undefined },
): ApiError {
	const fields = typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
	const text = (value: unknown): string => (typeof value === "string" ? value : "");
	const seconds = Number(retryAfter ?? detailsSeconds(fields.details));
	return new ApiError({
		status: typeof fields.code === "number" ? fields.code : status,
		reason: text(fields.reason),
		serverMessage: text(fields.message) || "it gave no reason",
		retryAfterMs: seconds > 0 ? seconds * 1000 : undefined,
		request,
	});
}

function detailsSeconds(details: unknown): unknown {
	return typeof details === "object" && details !== null && "retryAfterSeconds" in details
		? details.retryAfterSeconds
		: undefined;
}

/** What a failed connection means, by the error code of Node, undici or OpenSSL. */
const CAUSES: Readonly<Record<string, string>> = {
	ECONNREFUSED: "connection refused; is it running, and is the address right?",
	ECONNRESET: "the connection was cut",
	EPIPE: "the connection was cut",
	UND_ERR_SOCKET: "the connection was cut",
	ENOTFOUND: "the host name is not known",
	EAI_AGAIN: "the host name cannot be looked up now",
	ETIMEDOUT: "nothing answers at this address",
	EHOSTUNREACH: "no route to the host",
	ENETUNREACH: "no route to the network",
	UND_ERR_CONNECT_TIMEOUT: "nothing answers at this address",
	UND_ERR_HEADERS_TIMEOUT: "it accepts the connection but does not answer",
	UND_ERR_BODY_TIMEOUT: "it stopped in the middle of an answer",
	CERT_HAS_EXPIRED: "its certificate has expired",
	ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name; set tls-server-name",
	SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not from the configured certificate authority",
	DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not from the configured certificate authority",
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not from the configured certificate authority",
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is not from the configured certificate authority",
	ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS; should the server's address begin with http://?",
	ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS; should the server's address begin with http://?",
	HPE_INVALID_CONSTANT: "it does not speak HTTP; should the server's address begin with https://?",
};

/** An error for a server that could not be talked to. */
export function unreachable(server: string, cause: unknown): BpfError {
	const code = rootCode(cause);
	const why = CAUSES[code] ?? (cause instanceof Error ? cause.message : String(cause));
	return new BpfError(`no answer from the API server at ${server}: ${why}`, {
		code: "API_UNREACHABLE",
		operation: "connect",
		object: server,
		cause,
	});
}

/** The code of an error, or of what is beneath: a name with several addresses fails with an AggregateError. */
function rootCode(error: unknown): string {
	if (!(error instanceof Error)) return "";
	if (error instanceof AggregateError) return rootCode(error.errors[0]);
	const code = "code" in error && typeof error.code === "string" ? error.code : "";
	return code in CAUSES ? code : rootCode(error.cause) || code;
}
