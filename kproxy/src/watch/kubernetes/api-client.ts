import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { Clock } from "../clock.ts";
import type { Sink } from "../source.ts";
import { ApiError, statusError, unreachable } from "./api-error.ts";
import type { Connection, ConnectionReader, TlsMaterial } from "./connection.ts";

/** GET requests to one API server, with the credentials of the moment. */
export interface ApiClient {
	/**
	 * Sends a GET and returns the body of a 2xx answer as it comes. Rejects with {@link ApiError} for other answers and with
	 * a BpfError `API_UNREACHABLE` where there is none. After a 401 the credentials are read again and tried once more.
	 */
	get(path: string, options: GetOptions): Promise<AsyncIterable<Uint8Array>>;
	/** The server as last read, for messages. */
	readonly server: string;
	close(): Promise<void>;
}

/** One request. */
export interface GetOptions {
	query: Readonly<Record<string, string>>;
	signal: AbortSignal;
}

/** Times of a client, in ms. */
export interface ClientTimes {
	connectMs: number;
	/** Until the first byte of an answer. */
	headersMs: number;
	/** Between two bytes of a list; a watch guards itself. */
	bodyMs: number;
	/** How old credentials may be before they are read again. */
	credentialsMs: number;
}

interface Session {
	connection: Connection;
	dispatcher: Dispatcher;
	readMs: number;
}

const STATUS_LIMIT_BYTES = 64 * 1024;

/** A client; opens no connection before the first request. `onRequest` hears how each one went. */
export function createApiClient(options: {
	reader: ConnectionReader;
	clock: Clock;
	times: ClientTimes;
	onRequest: Sink["requested"];
}): ApiClient {
	const sessions = createSessions(options);

	async function send(
		path: string,
		{ query, signal }: GetOptions,
		session: Session,
	): Promise<Dispatcher.ResponseData> {
		const { connection, dispatcher } = session;
		const url = new URL(connection.server);
		const search = new URLSearchParams(query).toString();
		const headers: Record<string, string> = { accept: "application/json", "user-agent": "kproxy" };
		if (connection.authorization !== undefined) headers.authorization = connection.authorization;
		const told = (code: string) => options.onRequest({ code, method: "GET", host: url.host });
		try {
			const response = await dispatcher.request({
				origin: url.origin,
				path: `${url.pathname.replace(/\/$/, "")}${path}${search && `?${search}`}`,
				method: "GET",
				headers,
				signal,
				headersTimeout: options.times.headersMs,
				bodyTimeout: query.watch === undefined ? options.times.bodyMs : 0,
			});
			told(String(response.statusCode));
			return response;
		} catch (cause) {
			told("<error>");
			throw unreachable(connection.server, cause);
		}
	}

	async function attempt(
		path: string,
		request: GetOptions,
		rejected: boolean,
	): Promise<AsyncIterable<Uint8Array>> {
		const session = await sessions.get(rejected);
		const response = await send(path, request, session);
		if (response.statusCode >= 200 && response.statusCode < 300) return response.body;
		throw await readStatus(response, `GET ${path}`);
	}

	return {
		async get(path, request) {
			try {
				return await attempt(path, request, false);
			} catch (error) {
				if (!(error instanceof ApiError) || error.status !== 401) throw error;
				return attempt(path, request, true);
			}
		},
		get server() {
			return sessions.server();
		},
		close: () => sessions.close(),
	};
}

/** The current connection; a new dispatcher only where certificates or addresses changed, so connections live on. */
function createSessions(options: { reader: ConnectionReader; clock: Clock; times: ClientTimes }): {
	get(rejected: boolean): Promise<Session>;
	server(): string;
	close(): Promise<void>;
} {
	const { reader, clock, times } = options;
	let current: Session | undefined;
	let reading: Promise<Session> | undefined;

	async function read(rejected: boolean): Promise<Session> {
		const connection = await reader.read(rejected);
		const before = current;
		const same = before !== undefined && dispatcherKey(before.connection) === dispatcherKey(connection);
		const dispatcher = same ? before.dispatcher : createDispatcher(connection, times);
		current = { connection, dispatcher, readMs: clock.now() };
		// Requests under way on the old one end by themselves.
		if (before !== undefined && !same) void before.dispatcher.close();
		return current;
	}

	return {
		async get(rejected) {
			const fresh = current !== undefined && clock.now() - current.readMs < times.credentialsMs;
			if (current !== undefined && fresh && !rejected) return current;
			// Both kinds may ask at once: one read serves them.
			reading ??= read(rejected).finally(() => {
				reading = undefined;
			});
			if (current === undefined || rejected) return reading;
			// A file that is just being replaced: the old credentials may well do, and a 401 says if not.
			const before = current;
			return reading.catch(() => before);
		},
		server: () => current?.connection.server ?? reader.name,
		async close() {
			await current?.dispatcher.destroy();
		},
	};
}

function dispatcherKey({ server, tls, proxy }: Connection): string {
	return JSON.stringify([server, tls, proxy]);
}

function createDispatcher({ tls, proxy }: Connection, times: ClientTimes): Dispatcher {
	const connect = { ...tlsOptions(tls), timeout: times.connectMs };
	// HTTP/1.1: each watch has a connection of its own, so one that is stuck holds up no other.
	if (proxy === undefined) return new Agent({ connect, allowH2: false });
	return new ProxyAgent({ uri: proxy, requestTls: connect, allowH2: false, proxyTunnel: true });
}

function tlsOptions({ ca, cert, key, serverName, insecure }: TlsMaterial): Record<string, string | boolean> {
	return {
		...(ca === undefined ? {} : { ca }),
		...(cert === undefined ? {} : { cert }),
		...(key === undefined ? {} : { key }),
		...(serverName === undefined ? {} : { servername: serverName }),
		...(insecure ? { rejectUnauthorized: false } : {}),
	};
}

/** Reads a short error body; a long one, or one that breaks off, counts as none. */
async function readStatus(response: Dispatcher.ResponseData, request: string): Promise<ApiError> {
	const parts: Uint8Array[] = [];
	let bytes = 0;
	try {
		for await (const part of response.body) {
			bytes += (part as Uint8Array).length;
			if (bytes > STATUS_LIMIT_BYTES) break;
			parts.push(part as Uint8Array);
		}
	} catch {
		// The status line says enough.
	}
	const text = Buffer.concat(parts).toString("utf8");
	const retryAfter = response.headers["retry-after"];
	return statusError(parseJson(text) ?? { message: text.trim().slice(0, 200) }, {
		status: response.statusCode,
		request,
		retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
	});
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
