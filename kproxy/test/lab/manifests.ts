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
