import { Errno, type MapCalls, type MapHandle } from "bpf-loader";
import { isBusy, mayPass } from "./map-errors.ts";

/** A kernel map as bytes: what the typed kinds share. */
export interface RawMap {
	readonly handle: MapHandle;
	readonly calls: MapCalls;
	readonly keyBytes: number;
	/** Bytes that one look-up fills: for per-CPU maps all values, each rounded up to 8 bytes. */
	readonly valueBytes: number;
	/** What a cursor is made of. A `bucket` never repeats an entry; a `key` that is deleted meanwhile starts over. */
	readonly cursor: "bucket" | "key";
	/** Every index always exists: nothing can be deleted. */
	readonly dense: boolean;
	/** Batch calls that this kernel has turned out not to have for this map. */
	readonly missing: Set<"read" | "update" | "delete">;
}

/** Times that a busy bucket is tried again; it is free in microseconds, or something is wrong. */
export const BUSY_TRIES = 100;

const UPDATE_FLAGS = { any: 0, create: 1, replace: 2 } as const;

/** One look-up into `value`; 0 or a positive errno. */
export function lookupElement({ handle, calls }: RawMap, key: Uint8Array, value: Uint8Array): number {
	let errno = -calls.lookup(handle.fd, key, value);
	for (let tries = 1; isBusy(errno) && tries < BUSY_TRIES; tries++)
		errno = -calls.lookup(handle.fd, key, value);
	return errno;
}

/** One update; 0 or a positive errno: EEXIST and ENOENT where the mode forbids it. */
export function updateElement(
	{ handle, calls }: RawMap,
	element: { key: Uint8Array; value: Uint8Array },
	mode: keyof typeof UPDATE_FLAGS = "any",
): number {
	const { key, value } = element;
	const flags = UPDATE_FLAGS[mode];
	let errno = -calls.update(handle.fd, key, value, flags);
	for (let tries = 1; mayPass(errno) && tries < BUSY_TRIES; tries++) {
		errno = -calls.update(handle.fd, key, value, flags);
	}
	return errno;
}

/** One delete; 0 or a positive errno: ENOENT where there was no such entry. */
export function deleteElement({ handle, calls }: RawMap, key: Uint8Array): number {
	let errno = -calls.delete(handle.fd, key);
	for (let tries = 1; isBusy(errno) && tries < BUSY_TRIES; tries++) errno = -calls.delete(handle.fd, key);
	return errno;
}

/** The key after `key` into `next`; 0 or a positive errno: ENOENT after the last. */
export function nextKey({ handle, calls }: RawMap, key: Uint8Array | null, next: Uint8Array): number {
	return -calls.nextKey(handle.fd, key, next);
}

/** How far a batch came: all of it where errno is 0. */
export interface Progress {
	done: number;
	/** 0 or positive. */
	errno: number;
}

/** How many elements a batch call did. Where it failed before it began, the kernel leaves `count` as it was. */
export const batchDone = (errno: number, count: Uint32Array, offered: number): number => {
	const counted = count[0] as number;
	if (errno === 0) return offered;
	return counted < offered ? counted : 0;
};

/** Not found is an answer, not a failure. */
export const isMissing = (errno: number): boolean => errno === Errno.ENOENT;
