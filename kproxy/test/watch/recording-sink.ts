import { type ApiObject, type Kind, objectKey } from "../../src/model/objects.ts";
import type { Sink } from "../../src/watch/source.ts";

/** A sink that remembers all it is told. */
export interface RecordingSink extends Sink {
	/** By key, as in `Service shop/web`. */
	readonly objects: ReadonlyMap<string, ApiObject>;
	/** `set KEY`, `delete KEY`, `synced KIND`, in order. */
	readonly calls: readonly string[];
	/** `warn LINE`, `info LINE`. */
	readonly notices: readonly string[];
	/** `GET CODE HOST` */
	readonly requests: readonly string[];
	readonly syncedKinds: ReadonlySet<Kind>;
}

/** A sink that has heard nothing yet. */
export function createRecordingSink(): RecordingSink {
	const objects = new Map<string, ApiObject>();
	const calls: string[] = [];
	const notices: string[] = [];
	const requests: string[] = [];
	const syncedKinds = new Set<Kind>();
	return {
		objects,
		calls,
		notices,
		requests,
		syncedKinds,
		set(object) {
			const key = objectKey(object);
			objects.set(key, object);
			calls.push(`set ${key}`);
		},
		delete(kind, namespace, name) {
			const key = objectKey({ kind, namespace, name });
			objects.delete(key);
			calls.push(`delete ${key}`);
		},
		synced(kind) {
			syncedKinds.add(kind);
			calls.push(`synced ${kind}`);
		},
		notice: (level, line) => void notices.push(`${level} ${line}`),
		requested: ({ code, method, host }) => void requests.push(`${method} ${code} ${host}`),
	};
}
