import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import {
	type NodeManifest,
	nodeObject,
	type ServiceManifest,
	serviceCidrObject,
	serviceObjects,
} from "./objects.ts";
import { namespaceObject, networkPolicyObject, type PodManifest, podObject } from "./policy-objects.ts";

const fileOf = (kind: string, name: string) => `${kind}-${name.replace("/", ".")}`;

/** A directory of manifests to change under running daemons, a file for each Service or other object. */
export class ManifestDirectory {
	readonly path: string;
	readonly #draft: string;

	constructor(lab: Lab, name = "manifests") {
		this.path = join(lab.directory, name);
		this.#draft = join(lab.directory, `${name}.draft`);
		mkdirSync(this.path);
	}

	/** Writes a Service's file whole: no daemon ever reads half of it. */
	set(service: ServiceManifest): void {
		this.#writeObjects(service.name, serviceObjects(service));
	}

	/** Writes a Node. */
	setNode(node: NodeManifest): void {
		this.#writeObjects(`node-${node.name}`, [nodeObject(node)]);
	}

	/** Writes a ServiceCIDR. */
	setServiceCidr(name: string, cidrs: readonly string[]): void {
		this.#writeObjects(`servicecidr-${name}`, [serviceCidrObject(name, cidrs)]);
	}

	/** Writes a Pod, a Namespace or a NetworkPolicy; each has a file of its own. */
	setPod(pod: PodManifest): void {
		this.#writeObjects(fileOf("pod", pod.pod), [podObject(pod)]);
	}

	setNamespace(name: string, labels?: Readonly<Record<string, string>>): void {
		this.#writeObjects(fileOf("namespace", name), [namespaceObject(name, labels)]);
	}

	setPolicy(policy: string, spec: object): void {
		this.#writeObjects(fileOf("policy", policy), [networkPolicyObject(policy, spec)]);
	}

	deletePod(pod: string): void {
		this.delete(fileOf("pod", pod));
	}

	deletePolicy(policy: string): void {
		this.delete(fileOf("policy", policy));
	}

	/** Takes a Service with all its endpoints away. */
	delete(service: string): void {
		rmSync(join(this.path, `${service}.json`));
	}

	/** Writes any text as a file, whole. */
	write(file: string, text: string): void {
		writeFileSync(this.#draft, text);
		renameSync(this.#draft, join(this.path, file));
	}

	#writeObjects(name: string, objects: readonly object[]): void {
		this.write(`${name}.json`, objects.map((object) => JSON.stringify(object, null, 2)).join("\n---\n"));
	}
}
