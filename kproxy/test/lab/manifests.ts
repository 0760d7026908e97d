import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import type { Protocol } from "./protocol.ts";

/** A Service with its endpoints, as a test thinks of it; in namespace `default`. */
export interface ServiceManifest {
	name: string;
	clusterIPs: readonly string[];
	ports: readonly { name: string; protocol: Protocol; port: number; targetPort: number }[];
	/** Addresses of the backends, of both families in any order. */
	endpoints: readonly string[];
}

/** A directory of manifests to change under a running daemon, a file for each Service. */
export class ManifestDirectory {
	readonly path: string;
	readonly #draft: string;

	constructor(lab: Lab, name = "manifests") {
		this.path = join(lab.directory, name);
		this.#draft = join(lab.directory, `${name}.draft`);
		mkdirSync(this.path);
	}

	/** Writes a Service's file whole: the daemon never reads half of it. */
	set(service: ServiceManifest): void {
		this.write(
			`${service.name}.json`,
			toObjects(service)
				.map((object) => JSON.stringify(object, null, 2))
				.join("\n---\n"),
		);
	}

	/** Writes any text as a file, whole. */
	write(file: string, text: string): void {
		writeFileSync(this.#draft, text);
		renameSync(this.#draft, join(this.path, file));
	}
}

function toObjects({ name, clusterIPs, ports, endpoints }: ServiceManifest): object[] {
	const families = clusterIPs.map(familyOf);
	return [
		{
			apiVersion: "v1",
			kind: "Service",
			metadata: { name, namespace: "default" },
			spec: {
				type: "ClusterIP",
				clusterIP: clusterIPs[0],
				clusterIPs,
				ipFamilies: families,
				ports: ports.map(({ name, protocol, port, targetPort }) => ({ name, protocol, port, targetPort })),
			},
		},
		...families.map((family) => ({
			apiVersion: "discovery.k8s.io/v1",
			kind: "EndpointSlice",
			metadata: {
				name: `${name}-${family.toLowerCase()}`,
				namespace: "default",
				labels: { "kubernetes.io/service-name": name },
			},
			addressType: family,
			ports: ports.map(({ name, protocol, targetPort }) => ({ name, protocol, port: targetPort })),
			endpoints: endpoints
				.filter((address) => familyOf(address) === family)
				.map((address) => ({
					addresses: [address],
					conditions: { ready: true, serving: true, terminating: false },
				})),
		})),
	];
}

function familyOf(address: string): "IPv4" | "IPv6" {
	return address.includes(":") ? "IPv6" : "IPv4";
}
