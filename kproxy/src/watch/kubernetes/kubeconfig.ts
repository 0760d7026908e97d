import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import type { Connection, ConnectionReader } from "./connection.ts";
import { createExecCredentials } from "./exec-credential.ts";
import { type Entry, type Kubeconfig, kubeconfigError, readKubeconfig } from "./kubeconfig-file.ts";

/** Which kubeconfig to use and how. */
export interface KubeconfigOptions {
	/** A file, or several with colons between them. */
	path: string;
	/** Default: its `current-context`. */
	context?: string | undefined;
	/** Variables for credential plugins; default: none. */
	environment?: Readonly<Record<string, string | undefined>> | undefined;
	clock?: Clock | undefined;
	/** For one run of a credential plugin; default 60 s. */
	execTimeoutMs?: number | undefined;
}

/** A reader for a kubeconfig. The files it names are read anew each time, so rotated tokens and certificates count. */
export function kubeconfigConnection(options: KubeconfigOptions): ConnectionReader {
	const { path } = options;
	const plugins = createExecCredentials({
		path,
		environment: options.environment ?? {},
		clock: options.clock ?? systemClock,
		timeoutMs: options.execTimeoutMs ?? 60_000,
	});
	return {
		name: `kubeconfig ${path}`,
		async read(rejected) {
			const config = await readKubeconfig(path);
			const { cluster, user } = pick(config, { path, context: options.context });
			const connection = await readCluster(cluster, path);
			if (user === undefined) return connection;
			if (user.fields.exec === undefined || user.fields.exec === null)
				return withUser(connection, user, path);
			const { token, cert, key } = await plugins.get(user, connection, rejected);
			return {
				...connection,
				tls: { ...connection.tls, cert, key },
				authorization: token === undefined ? undefined : `Bearer ${token}`,
			};
		},
	};
}

/** The cluster and user of the context. */
function pick(
	config: Kubeconfig,
	{ path, context }: { path: string; context: string | undefined },
): { cluster: Entry; user: Entry | undefined } {
	const names = [...config.contexts.keys()];
	const known = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
	const name = context ?? config.currentContext;
	if (name === undefined) {
		throw kubeconfigError(path, "no current-context is set", { hint: `name a context; ${known}` });
	}
	const entry = config.contexts.get(name);
	if (entry === undefined) {
		throw kubeconfigError(path, `there is no context "${name}"`, { hint: `name one that exists; ${known}` });
	}
	const clusterName = String(entry.fields.cluster ?? "");
	const cluster = config.clusters.get(clusterName);
	if (cluster === undefined) {
		throw kubeconfigError(path, `context "${name}" names the cluster "${clusterName}", which is not there`);
	}
	const userName = String(entry.fields.user ?? "");
	const user = config.users.get(userName);
	if (userName !== "" && user === undefined) {
		throw kubeconfigError(path, `context "${name}" names the user "${userName}", which is not there`);
	}
	return { cluster, user };
}

async function readCluster({ fields, directory }: Entry, path: string): Promise<Connection> {
	const server = readUrl(fields.server, { path, field: "server", protocols: ["https:", "http:"] });
	if (server === undefined) throw kubeconfigError(path, "the cluster has no server");
	const proxy = readUrl(fields["proxy-url"], { path, field: "proxy-url", protocols: ["http:", "https:"] });
	const name = fields["tls-server-name"];
	return {
		server: server.replace(/\/+$/, ""),
		tls: {
			ca: await readMaterial({ fields, directory }, "certificate-authority", path),
			cert: undefined,
			key: undefined,
			serverName: typeof name === "string" && name !== "" ? name : undefined,
			insecure: fields["insecure-skip-tls-verify"] === true,
		},
		authorization: undefined,
		proxy,
	};
}

async function withUser(connection: Connection, user: Entry, path: string): Promise<Connection> {
	const { fields } = user;
	for (const field of ["auth-provider", "as", "as-uid", "as-groups", "as-user-extra"]) {
		if (fields[field] !== undefined && fields[field] !== null) {
			const hint = "use a token, a client certificate or an exec plugin";
			throw kubeconfigError(path, `the user's ${field} is not supported`, { hint });
		}
	}
	const cert = await readMaterial(user, "client-certificate", path);
	const key = await readMaterial(user, "client-key", path);
	if ((cert === undefined) !== (key === undefined)) {
		const [has, lacks] = cert === undefined ? ["key", "certificate"] : ["certificate", "key"];
		throw kubeconfigError(path, `the user has a client ${has} but no client ${lacks}`);
	}
	return {
		...connection,
		tls: { ...connection.tls, cert, key },
		authorization: await authorization(user, path),
	};
}

/** As kubectl: `tokenFile` is fresher than `token`, and both count more than a password. */
async function authorization({ fields, directory }: Entry, path: string): Promise<string | undefined> {
	if (typeof fields.tokenFile === "string" && fields.tokenFile !== "") {
		const token = await readNamed(resolve(directory, fields.tokenFile), "tokenFile", path);
		return `Bearer ${token.trim()}`;
	}
	if (typeof fields.token === "string" && fields.token !== "") return `Bearer ${fields.token}`;
	if (typeof fields.username === "string" && fields.username !== "") {
		const pair = `${fields.username}:${String(fields.password ?? "")}`;
		return `Basic ${Buffer.from(pair).toString("base64")}`;
	}
	return undefined;
}

/** PEM from `FIELD-data` (base64) or from the file that `FIELD` names. */
async function readMaterial(
	{ fields, directory }: Entry,
	field: string,
	path: string,
): Promise<string | undefined> {
	const data = fields[`${field}-data`];
	if (typeof data === "string" && data !== "") {
		const text = Buffer.from(data, "base64").toString("utf8");
		if (!text.includes("-----BEGIN ")) {
			throw kubeconfigError(path, `${field}-data is not PEM in base64`);
		}
		return text;
	}
	const file = fields[field];
	if (typeof file !== "string" || file === "") return undefined;
	return readNamed(resolve(directory, file), field, path);
}

async function readNamed(file: string, field: string, path: string): Promise<string> {
	try {
		return await readFile(file, "utf8");
	} catch (cause) {
		const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
		throw kubeconfigError(path, `${field}: cannot read ${file}: ${why}`, { cause });
	}
}

function readUrl(
	value: unknown,
	{ path, field, protocols }: { path: string; field: string; protocols: readonly string[] },
): string | undefined {
	if (value === undefined || value === null || value === "") return undefined;
	const text = String(value);
	// kubectl takes a host alone, too.
	const url = URL.parse(text.includes("://") ? text : `https://${text}`);
	if (url === null) throw kubeconfigError(path, `${field} "${text}" is not a URL`);
	if (!protocols.includes(url.protocol)) {
		const hint = `use ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
		throw kubeconfigError(path, `${field} "${text}": ${url.protocol}// is not supported`, { hint });
	}
	return url.href;
}
