import type { RawObject, Store } from "./store.ts";

/** A real slice has at most so many endpoints. */
const ENDPOINTS_PER_SLICE = 100;

/** Fills a store with Services `ns-N/svc-N` and their slices, with all the fields that real ones carry. */
export function generateServices(
	store: Store,
	{ services, endpointsPer }: { services: number; endpointsPer: number },
): void {
	let endpoint = 0;
	for (let index = 0; index < services; index += 1) {
		store.set(generatedService(index));
		for (let first = 0, part = 0; first < endpointsPer; first += ENDPOINTS_PER_SLICE, part += 1) {
			const size = Math.min(ENDPOINTS_PER_SLICE, endpointsPer - first);
			store.set(generatedSlice({ index, part, firstEndpoint: endpoint, size }));
			endpoint += size;
		}
	}
	// Nobody watches yet, so the history of how it came about only takes memory.
	store.compact();
}

/** Service number `index`: one TCP port 80 at 10.96.0.0/12. */
export function generatedService(index: number): RawObject {
	const { namespace, name } = generatedName(index);
	const clusterIP = `10.${96 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
	return {
		kind: "Service",
		metadata: {
			name,
			namespace,
			labels: { app: name, team: `team-${index % 20}` },
			managedFields: managedFields("f:spec", [
				"f:clusterIP",
				"f:ports",
				"f:selector",
				"f:sessionAffinity",
				"f:type",
			]),
		},
		spec: {
			ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }],
			selector: { app: name },
			clusterIP,
			clusterIPs: [clusterIP],
			type: "ClusterIP",
			sessionAffinity: "None",
			ipFamilies: ["IPv4"],
			ipFamilyPolicy: "SingleStack",
			internalTrafficPolicy: "Cluster",
		},
		status: { loadBalancer: {} },
	};
}

function generatedSlice(options: {
	index: number;
	part: number;
	firstEndpoint: number;
	size: number;
}): RawObject {
	const { index, part, firstEndpoint, size } = options;
	const { namespace, name } = generatedName(index);
	return {
		kind: "EndpointSlice",
		metadata: {
			name: `${name}-${part.toString(36).padStart(5, "a")}`,
			namespace,
			generation: 1,
			labels: {
				"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
				"kubernetes.io/service-name": name,
			},
			annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-11-20T12:46:42Z" },
			managedFields: managedFields("f:endpoints", ["f:addressType", "f:metadata", "f:ports"]),
		},
		addressType: "IPv4",
		endpoints: Array.from({ length: size }, (_, offset) =>
			generatedEndpoint(firstEndpoint + offset, namespace),
		),
		ports: [{ name: "http", protocol: "TCP", port: 8080 }],
	};
}

function generatedEndpoint(number: number, namespace: string): RawObject {
	return {
		addresses: [`10.${128 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`],
		conditions: { ready: true, serving: true, terminating: false },
		targetRef: { kind: "Pod", namespace, name: `pod-${number}`, uid: "13c08fe8-d484-4a17-ba70-dd7c1c981ed1" },
		nodeName: `node-${number % 500}`,
		zone: `zone-${number % 3}`,
	};
}

function generatedName(index: number): { namespace: string; name: string } {
	return { namespace: `ns-${index % 100}`, name: `svc-${index}` };
}

function managedFields(top: string, fields: readonly string[]): readonly RawObject[] {
	return [
		{
			manager: "kube-controller-manager",
			operation: "Update",
			apiVersion: "v1",
			time: "2026-11-20T12:46:42Z",
			fieldsType: "FieldsV1",
			fieldsV1: { [top]: Object.fromEntries(fields.map((field) => [field, {}])) },
		},
	];
}
