/** Objects of a small cluster in few words, and the changes that lead to them. */
import type { ApiObject, Kind } from "../../../src/model/objects.ts";
import { parseObject } from "../../../src/model/parse-object.ts";
import type { Change } from "../../../src/watch/source.ts";

/** The node whose pods have their rules. */
export const NODE = "node-a";

/** Parses a raw object as the API server sends it. */
export function object(kind: Kind, raw: unknown): ApiObject {
	const { object, problems } = parseObject(kind, raw, { origin: "api", intern: (text) => text });
	if (!object) throw new Error(`${kind}: ${JSON.stringify(problems)}`);
	return object;
}

export function namespace(name: string, labels: Record<string, string> = {}): ApiObject {
	return object("Namespace", { metadata: { name, labels } });
}

export interface PodWords {
	labels?: Record<string, string>;
	ips: readonly string[];
	/** Default: this node. */
	node?: string;
	hostNetwork?: boolean;
	ports?: readonly { name: string; protocol?: string; containerPort: number }[];
	phase?: string;
}

/** `name` as in `shop/web`. */
export function pod(
	name: string,
	{ labels, ips, node = NODE, hostNetwork, ports = [], phase = "Running" }: PodWords,
): ApiObject {
	const [namespace, own] = name.split("/");
	return object("Pod", {
		metadata: { namespace, name: own, labels },
		spec: { nodeName: node, hostNetwork, containers: [{ ports }] },
		status: { phase, podIPs: ips.map((ip) => ({ ip })) },
	});
}

/** `spec` as in the API. */
export function policy(name: string, spec: unknown): ApiObject {
	const [namespace, own] = name.split("/");
	return object("NetworkPolicy", { metadata: { namespace, name: own }, spec });
}

export const setOf = (each: ApiObject): Change => ({
	kind: each.kind,
	namespace: each.namespace,
	name: each.name,
	object: each,
});
export const gone = (each: ApiObject): Change => ({ ...setOf(each), object: undefined });
