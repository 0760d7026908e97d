import { accessSync, constants, statSync } from "node:fs";
import type { Kind } from "../model/objects.ts";
import type { KubernetesSourceOptions } from "../watch/kubernetes/kubernetes-source.ts";
import type { Source } from "../watch/source.ts";
import { type OptionValues, type Terminal, usageError } from "./command.ts";
import type { sourceOptions } from "./options.ts";

/** What is to be watched. */
interface Watched {
	/** This node's; without it no Node is. */
	nodeName?: string | undefined;
	kinds: readonly Kind[];
}

/**
 * The sources that the flags name, or the API server of the pod. Nothing is watched yet. Throws BpfError `USAGE` where
 * there is none, or where a path cannot be one: before anything is done to the kernel.
 */
export async function createSources(
	values: OptionValues<typeof sourceOptions>,
	{ env, ...watched }: { env: Terminal["env"] } & Watched,
): Promise<Source[]> {
	const sources: Source[] = [];
	if (values.manifests !== undefined) {
		checkDirectory(values.manifests);
		// Each source brings libraries of its own, and a start loads only those that it uses.
		const { createManifestsSource } = await import("../watch/manifests/manifests-source.ts");
		sources.push(createManifestsSource({ directory: values.manifests, kinds: watched.kinds }));
	}
	if (values.kubeconfig !== undefined) {
		checkReadable(values.kubeconfig);
		const kubeconfig = { path: values.kubeconfig, environment: env };
		sources.push(await createApiSource({ kubeconfig }, watched));
	}
	return sources.length > 0 ? sources : [await createInClusterSource(env, watched)];
}

async function createInClusterSource(env: Terminal["env"], watched: Watched): Promise<Source> {
	const host = env.KUBERNETES_SERVICE_HOST;
	if (host === undefined) {
		throw usageError(
			"nothing says where the Services come from",
			"give --manifests DIR or --kubeconfig FILE; in a pod a service account is enough",
		);
	}
	const inCluster = { host, port: env.KUBERNETES_SERVICE_PORT };
	return createApiSource({ inCluster }, watched);
}

async function createApiSource(
	connection: KubernetesSourceOptions["connection"],
	watched: Watched,
): Promise<Source> {
	const { createKubernetesSource } = await import("../watch/kubernetes/kubernetes-source.ts");
	return createKubernetesSource({ connection, ...watched });
}

function checkDirectory(path: string): void {
	const stats = statSync(path, { throwIfNoEntry: false });
	if (!stats?.isDirectory()) {
		throw usageError(`--manifests ${path}: ${stats ? "is not a directory" : "no such directory"}`);
	}
}

/** Several files may be named, with colons between them, as in KUBECONFIG. */
function checkReadable(paths: string): void {
	for (const path of paths.split(":")) {
		try {
			accessSync(path, constants.R_OK);
		} catch (error) {
			const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
			throw usageError(`--kubeconfig ${path}: ${missing ? "no such file" : "cannot be read"}`);
		}
	}
}
