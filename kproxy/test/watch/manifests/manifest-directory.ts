import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Kind } from "../../../src/model/objects.ts";
import { createManifestsSource } from "../../../src/watch/manifests/manifests-source.ts";
import type { Source } from "../../../src/watch/source.ts";
import { createRecordingSink, type RecordingSink } from "../recording-sink.ts";
import { until } from "../until.ts";

/** A directory of manifests and a source that watches it. */
export interface ManifestDirectory {
	directory: string;
	source: Source;
	sink: RecordingSink;
	/** What `run` came to. */
	ended: Promise<unknown>;
	write(name: string, text: string): Promise<void>;
	path(name: string): string;
	/** The problems, with the directory's path left out. */
	problems(): readonly string[];
}

/** Starts a source on these files and waits for its first scan; both go with the test. */
export async function manifestDirectory(
	t: ExecutionContext,
	files: Readonly<Record<string, string | Uint8Array>>,
	{ pollMs = 60_000, kinds }: { pollMs?: number; kinds?: readonly Kind[] } = {},
): Promise<ManifestDirectory> {
	const parent = await mkdtemp(join(tmpdir(), "kproxy-manifests-"));
	t.teardown(() => rm(parent, { recursive: true, force: true }));
	for (const [name, text] of Object.entries(files)) await writeFile(join(parent, name), text);
	return watchManifests(t, parent, { pollMs, ...(kinds && { kinds }) });
}

/** Starts a source on a directory that is there. */
export async function watchManifests(
	t: ExecutionContext,
	directory: string,
	how: { pollMs: number; kinds?: readonly Kind[] },
): Promise<ManifestDirectory> {
	const source = createManifestsSource({ directory, settleMs: 15, ...how });
	const sink = createRecordingSink();
	const stop = new AbortController();
	const ended = source.run(sink, stop.signal).catch((error: unknown) => error);
	t.teardown(async () => {
		stop.abort();
		await ended;
	});
	await Promise.race([ended, until("the first scan", () => source.status().synced)]);
	const path = (name: string): string => join(directory, name);
	return {
		directory,
		source,
		sink,
		ended,
		path,
		write: (name, text) => writeFile(path(name), text),
		problems: () => source.status().problems.map((line) => line.replaceAll(`${directory}/`, "")),
	};
}

/** A Service as people write it. */
export function serviceYaml(
	name: string,
	{ ip = "10.96.0.10", port = "80" }: { ip?: string; port?: string } = {},
): string {
	return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  clusterIP: ${ip}
  ports:
  - port: ${port}
`;
}

/** A slice as people write it. */
export function sliceYaml(
	name: string,
	{ addressType = "IPv4", address = "10.0.0.1", port = "80" } = {},
): string {
	return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}
  labels:
    kubernetes.io/service-name: web
addressType: ${addressType}
endpoints:
- addresses:
  - ${address}
ports:
- port: ${port}
`;
}
