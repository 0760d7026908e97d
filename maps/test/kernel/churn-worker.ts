import { parentPort, workerData } from "node:worker_threads";
import { kernelMapCalls } from "bpf-loader";

/** What the worker changes, and how it is told to stop. */
export interface Churn {
	fd: number;
	keySize: number;
	valueSize: number;
	/** Keys from here on come and go; those below stay. */
	firstKey: number;
	keys: number;
	/** Number of a key goes at this offset of it, in network order, and these bytes come before it. */
	prefix: number[];
	stop: Int32Array<SharedArrayBuffer>;
}

const { fd, keySize, valueSize, firstKey, keys, prefix, stop } = workerData as Churn;
const key = new Uint8Array(keySize);
key.set(prefix);
const view = new DataView(key.buffer);
const value = new Uint8Array(valueSize);
let changes = 0;
parentPort?.postMessage("started");
for (; Atomics.load(stop, 0) === 0; changes++) {
	// A fixed walk over the keys that looks like chance: each is added by one visit and deleted by the next.
	view.setUint32(prefix.length, firstKey + ((Math.imul(changes, 2_654_435_761) >>> 0) % keys));
	if (kernelMapCalls.delete(fd, key) !== 0) kernelMapCalls.update(fd, key, value, 0);
}
parentPort?.postMessage(changes);
