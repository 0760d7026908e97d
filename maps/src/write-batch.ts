import { Errno } from "bpf-loader";
import { isUnsupported, mayPass } from "./map-errors.ts";
import {
	BUSY_TRIES,
	batchDone,
	deleteElement,
	isMissing,
	type Progress,
	type RawMap,
	updateElement,
} from "./raw-map.ts";

/** Writes the first `count` elements, in order, in one call where the kernel can, one by one where it cannot. */
export function writeBatch(
	raw: RawMap,
	elements: { keys: Uint8Array; values: Uint8Array },
	count: number,
): Progress {
	const { keyBytes, valueBytes, handle, calls } = raw;
	const keyAt = (index: number) => elements.keys.subarray(index * keyBytes);
	const valueAt = (index: number) => elements.values.subarray(index * valueBytes);
	return inBatches(raw, {
		kind: "update",
		count,
		batch: (from, counter) => -calls.updateBatch(handle.fd, keyAt(from), valueAt(from), counter),
		single: (index) => updateElement(raw, { key: keyAt(index), value: valueAt(index) }),
	});
}

/** Deletes the first `count` keys; a missing one counts as done. */
export function deleteBatch(raw: RawMap, keys: Uint8Array, count: number): Progress {
	const { keyBytes, handle, calls } = raw;
	const keyAt = (index: number) => keys.subarray(index * keyBytes);
	return inBatches(raw, {
		kind: "delete",
		count,
		batch: (from, counter) => -calls.deleteBatch(handle.fd, keyAt(from), counter),
		single: (index) => {
			const errno = deleteElement(raw, keyAt(index));
			return isMissing(errno) ? 0 : errno;
		},
	});
}

interface Work {
	kind: "update" | "delete";
	count: number;
	/** Does the elements from `from` on; `counter[0]`: how many there are, then how many were done. */
	batch(from: number, counter: Uint32Array): number;
	single(index: number): number;
}

function inBatches(raw: RawMap, work: Work): Progress {
	const counter = new Uint32Array(1);
	let done = 0;
	let tries = 0;
	while (done < work.count && !raw.missing.has(work.kind)) {
		const offered = work.count - done;
		counter[0] = offered;
		const errno = work.batch(done, counter);
		const progress = batchDone(errno, counter, offered);
		done += progress;
		if (errno === 0) break;
		tries = progress > 0 ? 0 : tries + 1;
		if (mayPass(errno) && tries < BUSY_TRIES) continue;
		if (isUnsupported(errno)) {
			raw.missing.add(work.kind);
			break;
		}
		const next = stepOver(raw, work, { done, errno });
		if (next.errno !== 0) return next;
		done = next.done;
	}
	return done < work.count ? oneByOne(work, done) : { done, errno: 0 };
}

/**
 * What a batch stumbles on may be fine alone: a delete stops at a missing key, and kernels before 5.6 answer EINVAL to
 * every batch, as others do to a bad element. So the element is tried alone, and its answer holds.
 */
function stepOver(raw: RawMap, work: Work, { done, errno }: Progress): Progress {
	if (errno !== Errno.EINVAL && !isMissing(errno)) return { done, errno };
	const alone = work.single(done);
	if (alone !== 0) return { done, errno: alone };
	if (errno === Errno.EINVAL) raw.missing.add(work.kind);
	return { done: done + 1, errno: 0 };
}

function oneByOne(work: Work, from: number): Progress {
	for (let done = from; done < work.count; done++) {
		const errno = work.single(done);
		if (errno !== 0) return { done, errno };
	}
	return { done: work.count, errno: 0 };
}
