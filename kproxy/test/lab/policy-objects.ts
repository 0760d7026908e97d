/** Pods, Namespaces and NetworkPolicies as manifests. */

/** A pod as the API server has it once it runs. */
export interface PodManifest {
	/** `namespace/name`. */
	pod: string;
	labels?: Readonly<Record<string, string>>;
	node: string;
	/** Empty as long as the API server has none. */
	ips: readonly string[];
	ports?: readonly { name: string; protocol?: string; containerPort: number }[];
	hostNetwork?: boolean;
}

export function podObject({ pod, labels = {}, node, ips, ports = [], hostNetwork }: PodManifest): object {
	const [namespace, name] = pod.split("/");
	return {
		apiVersion: "v1",
		kind: "Pod",
		metadata: { namespace, name, labels },
		spec: { nodeName: node, containers: [{ name: "c", ports }], ...(hostNetwork && { hostNetwork }) },
		status: { phase: "Running", podIPs: ips.map((ip) => ({ ip })) },
	};
}

export function namespaceObject(name: string, labels: Readonly<Record<string, string>> = {}): object {
	return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

/** `spec` as in the API. */
export function networkPolicyObject(policy: string, spec: object): object {
	const [namespace, name] = policy.split("/");
	return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { namespace, name }, spec };
}
