import { type Codec, LayoutError, type MapCalls, type MapHandle, u32, u64 } from "bpf-loader";
import { keyedMap } from "./keyed-map.ts";
import { checkMap } from "./map-errors.ts";
import type { SetMode } from "./table.ts";

/**
 * A map whose values are sockets. Written by descriptor, read as the kernel's socket cookie. A socket leaves by itself
 * when it is closed. Where the map has 4-byte values the kernel cannot give cookies: then only `set` and `delete` work,
 * the others throw LayoutError `MAP_LAYOUT`.
 */
export interface SockTable<K> {
	readonly name: string;
	/** Limit, in entries. */
	readonly maxEntries: number;
	/** Cookie of the socket at this key, as `bpf_get_socket_cookie` gives it. */
	cookie(key: K): bigint | undefined;
	/** Adds a socket: connected or listening TCP, UDP, connected Unix. False where the mode forbids it. Throws MapError. */
	set(key: K, socketFd: number, mode?: SetMode): boolean;
	/** False where there was none. */
	delete(key: K): boolean;
	has(key: K): boolean;
	/** Keys with their sockets' cookies, one system call each: the kernel has no batches for sockets. */
	entries(): Iterable<[K, bigint]>;
	keys(): Iterable<K>;
	count(): number;
}

interface Sockets<K> {
	type: "sockhash" | "sockmap";
	key: Codec<K>;
	calls?: MapCalls | undefined;
}

const COOKIE_BYTES = 8;

/** What both kinds share. */
export function sockTable<K>(map: MapHandle, { type, key, calls }: Sockets<K>): SockTable<K> {
	const value = map.valueSize === u32.size ? descriptor : u64;
	checkMap(map, { types: [type], key, value });
	const table = keyedMap(map, {
		key,
		value,
		...(calls && { calls }),
		cursor: "key",
		missing: ["read", "update", "delete"],
	});
	const readable = <Result>(read: () => Result): Result => {
		if (map.valueSize !== COOKIE_BYTES) throw noCookies(map);
		return read();
	};
	return {
		name: map.name,
		maxEntries: map.maxEntries,
		set: (wanted, socketFd, mode) => table.set(wanted, BigInt(socketFd), mode),
		delete: table.delete,
		cookie: (wanted) => readable(() => table.get(wanted)),
		has: (wanted) => readable(() => table.has(wanted)),
		entries: () => readable(table.entries),
		keys: () => readable(table.keys),
		count: () => readable(table.count),
	};
}

/** A descriptor in a map with 4-byte values. */
const descriptor: Codec<bigint> = {
	name: "__u32",
	size: u32.size,
	encode: (value, view, offset, where) => u32.encode(Number(value), view, offset, where),
	decode: (view, offset) => BigInt(u32.decode(view, offset)),
};

function noCookies(map: MapHandle): LayoutError {
	return new LayoutError(
		`sockets of ${map.name} cannot be read: its values have ${map.valueSize} bytes and a cookie has ${COOKIE_BYTES}; declare the value as __u64`,
		{
			code: "MAP_LAYOUT",
			operation: "lookup",
			object: map.name,
			expected: COOKIE_BYTES,
			actual: map.valueSize,
			hint: "declare the map's value as __u64",
		},
	);
}
