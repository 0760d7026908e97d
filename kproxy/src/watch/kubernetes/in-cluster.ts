import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { BpfError } from "bpf-loader";
import type { ConnectionReader } from "./connection.ts";

/** Where the kubelet puts a pod's service account. */
export const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

/** How a pod reaches its API server. */
export interface InClusterOptions {
	/** `KUBERNETES_SERVICE_HOST`. */
	host: string | undefined;
	/** `KUBERNETES_SERVICE_PORT`. */
	port: string | undefined;
	/** Holds `token` and `ca.crt`; default {@link SERVICE_ACCOUNT_DIRECTORY}. */
	directory?: string | undefined;
}

/** The service account of the pod. Both files are read anew each time: the kubelet replaces them. */
export function inClusterConnection(options: InClusterOptions): ConnectionReader {
	const directory = options.directory ?? SERVICE_ACCOUNT_DIRECTORY;
	return {
		name: "the pod's service account",
		async read() {
			const { host, port = "443" } = options;
			if (host === undefined || host === "") throw notInCluster("KUBERNETES_SERVICE_HOST is not set");
			const token = await readAccount(join(directory, "token"));
			const ca = await readAccount(join(directory, "ca.crt"));
			return {
				server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
				tls: { ca, cert: undefined, key: undefined, serverName: undefined, insecure: false },
				authorization: `Bearer ${token.trim()}`,
				proxy: undefined,
			};
		},
	};
}

async function readAccount(file: string): Promise<string> {
	try {
		return await readFile(file, "utf8");
	} catch (cause) {
		throw notInCluster(cause instanceof Error ? cause.message : String(cause), cause);
	}
}

function notInCluster(why: string, cause?: unknown): BpfError {
	return new BpfError(`cannot use the pod's service account: ${why}`, {
		code: "NOT_IN_CLUSTER",
		operation: "read",
		object: "service account",
		hint: "outside of a pod give --kubeconfig FILE or --manifests DIR; in a pod mount a service account token",
		cause,
	});
}
