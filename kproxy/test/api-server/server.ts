import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import {
	createServer as createHttpServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createFaultPlan, type Fault, spoil } from "./faults.ts";
import { listAnswer } from "./list-answer.ts";
import {
	describeRequest,
	findTarget,
	matches,
	type RequestFilter,
	type SeenRequest,
	type Target,
} from "./seen-request.ts";
import {
	forbidden,
	notFound,
	type StatusAnswer,
	send,
	streamingListRefused,
	unauthorized,
} from "./status-bodies.ts";
import { createStore, type Store } from "./store.ts";
import { type OpenWatch, serveWatch, type WatchSettings, withKind } from "./watch-answer.ts";
import { writeAnswer } from "./write-answer.ts";

/** How a server starts. */
export interface TestApiServerOptions {
	host?: string;
	/** Default: any that is free. */
	port?: number;
	/** HTTPS with the certificates beside this file. */
	tls?: boolean;
	/** Without one of these tokens, or a client certificate, the answer is 401; default: anybody is let in. */
	tokens?: readonly string[];
	/** Whether it has streaming lists; default true. */
	streamingList?: boolean;
	/** Collections that it does not have, as a server of an older version; default: none. */
	absent?: readonly string[];
	watch?: Partial<WatchSettings>;
}

/** An API server for tests: the real protocol over a store in memory, with faults at will. */
export interface TestApiServer {
	readonly store: Store;
	readonly url: string;
	readonly port: number;
	/** All requests, in order. */
	readonly requests: readonly SeenRequest[];
	readonly watches: ReadonlySet<OpenWatch>;
	/** Settings of watches to come; may be changed. */
	readonly settings: WatchSettings;
	streamingList: boolean;
	/** Collections that it does not have; may be changed. */
	readonly absent: Set<string>;
	/** Whom it lets in from now on. */
	setTokens(tokens: readonly string[] | undefined): void;
	/** How many requests like this there were. */
	count(filter: RequestFilter): number;
	/** Spoils the next `times` requests like this. */
	fail(filter: RequestFilter, fault: Fault, times?: number): void;
	/** Forbids a verb on a collection, or allows it again. */
	setForbidden(filter: { verb: "list" | "watch"; resource: string }, forbidden: boolean): void;
	/** Refuses connections until {@link TestApiServer.start}; all that are open are cut. */
	stop(): Promise<void>;
	/** Takes connections on the port it had. */
	start(): Promise<void>;
	[Symbol.asyncDispose](): Promise<void>;
}

/** Text of a certificate or key of the test server. */
export function certificate(
	name: "ca.crt" | "server.crt" | "server.key" | "client.crt" | "client.key",
): string {
	return readFileSync(new URL(`certificates/${name}`, import.meta.url), "utf8");
}

/** Starts a server and waits until it takes connections. */
export async function startTestApiServer(options: TestApiServerOptions = {}): Promise<TestApiServer> {
	const store = createStore();
	const requests: SeenRequest[] = [];
	const watches = new Set<OpenWatch>();
	const settings: WatchSettings = {
		bookmarkMs: 60_000,
		duplicates: false,
		pieceBytes: 0,
		endlessInitialEvents: false,
		...options.watch,
	};
	const faults = createFaultPlan();
	const forbiddenPairs = new Set<string>();
	const absent = new Set(options.absent);
	let tokens = options.tokens;
	let port = options.port ?? 0;
	let http: Server | undefined;

	async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const url = new URL(request.url ?? "/", "http://server");
		const known = findTarget(url.pathname);
		const target = known && absent.has(known.collection.resource) ? undefined : known;
		const seen = describeRequest(request, url, target);
		requests.push(seen);
		setHeaders(response);
		const fault = faults.take(seen);
		if (fault !== undefined) return spoil(fault, response);
		const refusal = refuse(seen, target);
		if (refusal !== undefined) return send(response, refusal);
		if (target === undefined) return send(response, otherPath(url.pathname));
		const { verb } = seen;
		if (verb === "watch" || verb === "stream") return watch(target, { query: url.searchParams, response });
		if (verb === "list") send(response, listAnswer(store, { ...target, query: url.searchParams }));
		else if (verb === "get") send(response, getAnswer(target));
		else send(response, await writeAnswer(store, { request, verb, target }));
	}

	function refuse(seen: SeenRequest, target: Target | undefined): StatusAnswer | undefined {
		const known = tokens?.some((token) => seen.authorization === `Bearer ${token}`) ?? true;
		if (!known && seen.client === undefined) return unauthorized();
		if (target === undefined) return undefined;
		const verb = seen.verb === "stream" ? "watch" : seen.verb;
		if (forbiddenPairs.has(`${verb} ${seen.resource}`)) return forbidden(target.collection, verb);
		return seen.verb === "stream" && !server.streamingList ? streamingListRefused() : undefined;
	}

	function watch(
		target: Target,
		{ query, response }: { query: URLSearchParams; response: ServerResponse },
	): void {
		const onEnd = (): void => void watches.delete(open);
		const open = serveWatch(store, { ...target, query, response, settings: { ...settings }, onEnd });
		if (!response.writableEnded) watches.add(open);
	}

	function getAnswer({ collection, namespace, name }: Target): StatusAnswer {
		const object = store.get(collection.kind, namespace, name);
		if (object === undefined) return notFound(collection, name);
		return { status: 200, body: `${withKind(collection, object.json)}\n` };
	}

	const server: TestApiServer = {
		store,
		requests,
		watches,
		settings,
		absent,
		streamingList: options.streamingList ?? true,
		get url() {
			const host = options.host ?? "127.0.0.1";
			return `${options.tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
		},
		get port() {
			return port;
		},
		setTokens(next) {
			tokens = next;
		},
		count: (filter) => requests.filter((seen) => matches(seen, filter)).length,
		fail: (filter, fault, times = 1) => faults.add(filter, fault, times),
		setForbidden({ verb, resource }, forbid) {
			if (forbid) forbiddenPairs.add(`${verb} ${resource}`);
			else forbiddenPairs.delete(`${verb} ${resource}`);
		},
		async stop() {
			const closing = http;
			http = undefined;
			if (closing === undefined) return;
			const closed = new Promise((done) => closing.close(done));
			closing.closeAllConnections();
			await closed;
		},
		async start() {
			const listener = (request: IncomingMessage, response: ServerResponse): void =>
				void answer(request, response);
			const opening = options.tls ? createHttpsServer(tlsOptions(), listener) : createHttpServer(listener);
			await new Promise<void>((done, fail) => {
				opening.once("error", fail).listen(port, options.host ?? "127.0.0.1", done);
			});
			port = (opening.address() as AddressInfo).port;
			http = opening;
		},
		[Symbol.asyncDispose]: () => server.stop(),
	};
	await server.start();
	return server;
}

function tlsOptions(): Record<string, string | boolean> {
	return {
		cert: certificate("server.crt"),
		key: certificate("server.key"),
		ca: certificate("ca.crt"),
		requestCert: true,
		rejectUnauthorized: false,
	};
}

function setHeaders(response: ServerResponse): void {
	response.setHeader("audit-id", randomUUID());
	response.setHeader("cache-control", "no-cache, private");
	response.setHeader("content-type", "application/json");
	response.setHeader("x-kubernetes-pf-flowschema-uid", "7c4cabf0-c72c-4469-bdca-62c7afb383b8");
	response.setHeader("x-kubernetes-pf-prioritylevel-uid", "c8e92258-99e5-45da-baa4-6752fc9103f6");
}

function otherPath(path: string): StatusAnswer {
	if (path === "/version") {
		return { status: 200, body: readFileSync(new URL("recordings/version.json", import.meta.url), "utf8") };
	}
	if (["/healthz", "/livez", "/readyz"].includes(path)) return { status: 200, body: "ok" };
	return {
		status: 404,
		body: "404 page not found\n",
		headers: { "content-type": "text/plain; charset=utf-8" },
	};
}
