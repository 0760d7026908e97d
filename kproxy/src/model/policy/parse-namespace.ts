import type { ObjectMeta } from "../parse-object.ts";
import type { NamespaceObject } from "./objects.ts";

/** Reads a `v1` Namespace: its name and labels are all that counts. */
export function parseNamespace(_raw: Readonly<Record<string, unknown>>, meta: ObjectMeta): NamespaceObject {
	// The API server sets this label on every namespace; a manifest need not.
	const labels = { ...meta.labels, "kubernetes.io/metadata.name": meta.name };
	return { kind: "Namespace", namespace: "", name: meta.name, labels };
}
