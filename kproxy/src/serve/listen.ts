import type { Server, ServerResponse } from "node:http";
import { type AddressInfo, isIPv6, type ListenOptions } from "node:net";
import { BpfError } from "bpf-loader";

// An import would make Node load its fetch and WebSocket as well: 25 ms of a start (Node 24).
const { createServer } = process.getBuiltinModule("node:http");

/** What one path answers: text and its content type, 200 unless said otherwise. */
export interface Answer {
	status?: number;
	type: string;
	body: string;
	/** Besides those that every answer has; names in lower case. */
	headers?: Readonly<Record<string, string>>;
}

/** Answers by path, without query. Only GET and HEAD are ever answered. */
export type Routes = Readonly<Record<string, Route>>;

/** Makes the answer to one request. */
export type Route = () => Answer | Promise<Answer>;

/** A listening HTTP server. */
export interface Listener extends AsyncDisposable {
	/** As in `127.0.0.1:10249`; the port is the one in use where 0 was asked for. */
	readonly address: string;
	close(): Promise<void>;
}

/** Host and port of a bind address as kube-proxy takes it: `0.0.0.0:10256`, `[::]:10256`, `:10256`, or an IP alone. */
export function parseBindAddress(
	text: string,
	defaultPort: number,
): { host: string; port: number } | undefined {
	const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
	if (parts === null) {
		// An IPv6 address alone has colons and no brackets.
		return isIPv6(text) ? { host: text, port: defaultPort } : undefined;
	}
	const port = parts[3] === undefined ? defaultPort : Number(parts[3]);
	return port > 65535 ? undefined : { host: parts[1] ?? (parts[2] || "0.0.0.0"), port };
}

/**
 * Listens and answers `routes`, or every path by one route. `purpose` is what the error names: `healthz`, `metrics`.
 * Without a host it listens on all addresses of both families.
 * Throws BpfError `ADDRESS_IN_USE`, or `LISTEN` for any other refusal.
 */
export async function listen(
	purpose: string,
	where: ListenOptions,
	routes: Routes | Route,
): Promise<Listener> {
	const server = createServer((request, response) => {
		const path = request.url?.split("?")[0] ?? "/";
		if (request.method !== "GET" && request.method !== "HEAD") {
			send(response, { status: 405, type: "text/plain", body: "only GET and HEAD are answered\n" });
			return;
		}
		void respond(response, typeof routes === "function" ? routes : routes[path]);
	});
	// A probe needs milliseconds: whoever takes longer to ask holds a descriptor for nothing.
	server.requestTimeout = 10_000;
	server.maxConnections = 256;
	await bound(server, purpose, where);
	const close = () => closed(server);
	return { address: addressOf(server, where), close, [Symbol.asyncDispose]: close };
}

/** As in kube-proxy, 0.0.0.0 means every address of both families: probes of an IPv6 node come over IPv6. */
function everywhere({ host, ...rest }: ListenOptions): ListenOptions {
	return host === undefined || host === "0.0.0.0" ? rest : { host, ...rest };
}

async function respond(response: ServerResponse, route: Route | undefined): Promise<void> {
	if (route === undefined) {
		send(response, { status: 404, type: "text/plain", body: "not found\n" });
		return;
	}
	try {
		send(response, await route());
	} catch (error) {
		send(response, { status: 500, type: "text/plain", body: `${(error as Error).message}\n` });
	}
}

function send(response: ServerResponse, { status = 200, type, body, headers }: Answer): void {
	response.writeHead(status, {
		...headers,
		"content-type": type,
		"content-length": Buffer.byteLength(body),
		"x-content-type-options": "nosniff",
	});
	response.end(body);
}

async function bound(server: Server, purpose: string, where: ListenOptions): Promise<void> {
	const object =
		where.path ?? (where.host === undefined ? `port ${where.port}` : `${where.host}:${where.port}`);
	try {
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen(everywhere(where), resolve);
		});
	} catch (cause) {
		const { code, message } = cause as NodeJS.ErrnoException;
		const taken = code === "EADDRINUSE";
		throw new BpfError(
			`${purpose} cannot listen on ${object}: ${taken ? "another process has that port" : message}`,
			{
				code: taken ? "ADDRESS_IN_USE" : "LISTEN",
				operation: "listen",
				object,
				hint: taken ? hintOf(purpose, where) : undefined,
				cause,
			},
		);
	}
}

function hintOf(purpose: string, { port }: ListenOptions): string {
	const who = `find who has it: ss -ltnp 'sport = :${port}'`;
	const chosen = purpose === "healthz" || purpose === "metrics";
	return chosen ? `choose another with --${purpose}-bind-address, or ${who}` : who;
}

function addressOf(server: Server, where: ListenOptions): string {
	const address = server.address() as AddressInfo | string | null;
	if (address === null || typeof address === "string") {
		return where.path ?? "";
	}
	return `${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
}

async function closed(server: Server): Promise<void> {
	const done = new Promise<void>((resolve) => server.close(() => resolve()));
	server.closeAllConnections();
	await done;
}
