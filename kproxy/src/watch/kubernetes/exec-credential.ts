import { type ExecFileException, execFile } from "node:child_process";
import { resolve } from "node:path";
import type { Clock } from "../clock.ts";
import type { Connection } from "./connection.ts";
import { type Entry, type Fields, kubeconfigError } from "./kubeconfig-file.ts";

/** What a credential plugin gives. */
export interface ExecCredential {
	token: string | undefined;
	cert: string | undefined;
	key: string | undefined;
}

/** Settings of a plugin run. */
export interface ExecOptions {
	/** For messages: the kubeconfig's path. */
	path: string;
	/** Variables that the plugin inherits; those of the kubeconfig come on top. */
	environment: Readonly<Record<string, string | undefined>>;
	clock: Clock;
	timeoutMs: number;
}

/** Code of an error that the next run of the plugin may not have. */
export const PLUGIN_FAILED = "CREDENTIAL_PLUGIN";

const API_VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
const OUTPUT_LIMIT_BYTES = 1 << 20;

/**
 * Runs a credential plugin when there is need: at first, when what it gave has expired, and when the server refused it.
 * The same protocol as kubectl's: ExecCredential as JSON on standard output.
 */
export function createExecCredentials(options: ExecOptions): {
	get(user: Entry, connection: Connection, rejected: boolean): Promise<ExecCredential>;
} {
	let last: { config: string; credential: ExecCredential; expiresMs: number } | undefined;
	return {
		async get(user, connection, rejected) {
			const exec = user.fields.exec as Fields;
			const config = JSON.stringify(exec);
			if (last?.config === config && !rejected && options.clock.now() < last.expiresMs)
				return last.credential;
			const status = await runPlugin(exec, { ...options, directory: user.directory, connection });
			const expires =
				typeof status.expirationTimestamp === "string" ? Date.parse(status.expirationTimestamp) : NaN;
			last = {
				config,
				credential: {
					token: textOf(status.token),
					cert: textOf(status.clientCertificateData),
					key: textOf(status.clientKeyData),
				},
				expiresMs: Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires,
			};
			return last.credential;
		},
	};
}

async function runPlugin(
	exec: Fields,
	options: ExecOptions & { directory: string; connection: Connection },
): Promise<Fields> {
	const { command, apiVersion } = exec;
	if (typeof command !== "string" || command === "") {
		throw kubeconfigError(options.path, "the user's exec has no command");
	}
	if (typeof apiVersion !== "string" || !API_VERSIONS.includes(apiVersion)) {
		const hint = `use ${API_VERSIONS[0]}, or a newer version of the plugin`;
		throw kubeconfigError(options.path, `exec.apiVersion ${String(apiVersion)} is not supported`, { hint });
	}
	if (exec.interactiveMode === "Always") {
		throw kubeconfigError(options.path, `the plugin ${command} wants a terminal (interactiveMode: Always)`, {
			hint: "use a service account token or a client certificate for a daemon",
		});
	}
	const info = {
		apiVersion,
		kind: "ExecCredential",
		spec: {
			interactive: false,
			...(exec.provideClusterInfo === true ? { cluster: clusterInfo(options.connection) } : {}),
		},
	};
	const environment = {
		...options.environment,
		...variables(exec.env),
		KUBERNETES_EXEC_INFO: JSON.stringify(info),
	};
	// As kubectl: a name is looked up in PATH, a path is relative to the kubeconfig.
	const file = command.includes("/") ? resolve(options.directory, command) : command;
	const args = Array.isArray(exec.args) ? exec.args.map(String) : [];
	const output = await runCommand(file, {
		...options,
		args,
		environment,
		installHint: textOf(exec.installHint),
	});
	return readStatus(output, command, options.path);
}

function runCommand(
	file: string,
	options: ExecOptions & {
		args: readonly string[];
		environment: Readonly<Record<string, string | undefined>>;
		installHint: string | undefined;
	},
): Promise<string> {
	const settings = {
		env: { ...options.environment },
		timeout: options.timeoutMs,
		maxBuffer: OUTPUT_LIMIT_BYTES,
		encoding: "utf8" as const,
	};
	return new Promise((done, fail) => {
		execFile(file, [...options.args], settings, (error, stdout, stderr) => {
			if (error === null) done(stdout);
			else fail(pluginError(file, { ...options, error, stderr }));
		});
	});
}

function pluginError(
	file: string,
	facts: ExecOptions & { error: ExecFileException; stderr: string; installHint: string | undefined },
): Error {
	const { path, error, installHint, timeoutMs } = facts;
	const cause = error;
	if (error.code === "ENOENT") {
		const hint = installHint ?? "install it, or give its path in exec.command";
		return kubeconfigError(path, `the credential plugin ${file} is not installed`, { hint, cause });
	}
	const ended = error.killed
		? `did not finish in ${timeoutMs / 1000} s`
		: `ended with ${error.code ?? error.signal}`;
	const said = facts.stderr.trim().split("\n").at(-1) ?? "";
	const why = `${ended}${said && `: ${said}`}`;
	// What it asks may answer the next time, so this is no mistake of the kubeconfig.
	return kubeconfigError(path, `the credential plugin ${file} ${why}`, { code: PLUGIN_FAILED, cause });
}

function readStatus(output: string, command: string, path: string): Fields {
	let credential: unknown;
	try {
		credential = JSON.parse(output);
	} catch (cause) {
		throw kubeconfigError(path, `the credential plugin ${command} did not print JSON`, { cause });
	}
	const status = (credential as Fields | null)?.status as Fields | undefined;
	if (typeof status !== "object" || status === null || (!status.token && !status.clientCertificateData)) {
		throw kubeconfigError(path, `the credential plugin ${command} gave neither a token nor a certificate`);
	}
	return status;
}

function clusterInfo({ server, tls, proxy }: Connection): Fields {
	return {
		server,
		...(tls.ca === undefined ? {} : { "certificate-authority-data": Buffer.from(tls.ca).toString("base64") }),
		...(tls.serverName === undefined ? {} : { "tls-server-name": tls.serverName }),
		...(tls.insecure ? { "insecure-skip-tls-verify": true } : {}),
		...(proxy === undefined ? {} : { "proxy-url": proxy }),
	};
}

function variables(list: unknown): Record<string, string> {
	const result: Record<string, string> = {};
	for (const item of Array.isArray(list) ? list : []) {
		const { name, value } = (item ?? {}) as Fields;
		if (typeof name === "string" && typeof value === "string") result[name] = value;
	}
	return result;
}

function textOf(value: unknown): string | undefined {
	return typeof value === "string" && value !== "" ? value : undefined;
}
