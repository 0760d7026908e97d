import {
	BpfError,
	describeErrno,
	Errno,
	explainPermission,
	LayoutError,
	MapError,
	type MapHandle,
	PermissionError,
	readPermissionFacts,
} from "bpf-loader";

/** Refusals that mean "somebody else holds this bucket's lock": over in microseconds. From 6.15 on also EDEADLK and ETIMEDOUT. */
export const isBusy = (errno: number): boolean =>
	errno === Errno.EBUSY || errno === Errno.EAGAIN || errno === Errno.EDEADLK || errno === Errno.ETIMEDOUT;

/**
 * Refusals of an update that pass by themselves. ENOMEM is one for maps that allocate as they grow (LPM tries, hashes with
 * `BPF_F_NO_PREALLOC`): the kernel keeps a few elements ready for each CPU, and a fast writer overtakes their refilling.
 */
export const mayPass = (errno: number): boolean => isBusy(errno) || errno === Errno.ENOMEM;

/** Map calls that this kernel, or this kind of map, does not have. */
export const isUnsupported = (errno: number): boolean =>
	errno === Errno.ENOTSUPP || errno === Errno.EOPNOTSUPP;

/** A map call that failed: what it was, and what is known when it did. */
export interface Failure {
	map: { readonly name: string; readonly maxEntries: number };
	operation: "lookup" | "update" | "delete" | "read";
	/** Positive. */
	errno: number;
	/** Entries of the batch done before. */
	written?: number;
	/** Entries in use, counted only where the map is full. */
	used?: () => number;
	/** The entry's key, for the message. */
	key?: string;
}

/** The error for a failed map call: `MAP_FULL`, `MAP_NO_MEMORY`, `MAP_BUSY`, `PERMISSION` or `MAP_CALL`. */
export function mapFailure(failure: Failure): BpfError {
	const { map, operation, errno, written, key } = failure;
	if (errno === Errno.E2BIG || errno === Errno.ENOSPC) return mapFull(failure);
	const where = key === undefined ? map.name : `${map.name}, key ${key}`;
	const facts = { operation, object: map.name, map: map.name, errno, written };
	if (errno === Errno.ENOMEM) {
		return new MapError(
			`cannot ${operation} ${where}: the kernel has no memory for another entry; free some`,
			{
				...facts,
				code: "MAP_NO_MEMORY",
				hint: "look at the memory limit of the control group",
			},
		);
	}
	if (isBusy(errno)) {
		return new MapError(`cannot ${operation} ${where}: still locked after many tries; try again`, {
			...facts,
			code: "MAP_BUSY",
		});
	}
	if (errno === Errno.EPERM) return notPermitted(failure, where);
	return new MapError(`cannot ${operation} ${where}: ${describeErrno(errno)}`, {
		...facts,
		code: "MAP_CALL",
	});
}

function notPermitted({ map, operation, errno }: Failure, where: string): PermissionError {
	const found = explainPermission(readPermissionFacts(), ["CAP_BPF"]);
	// With all capabilities there, EPERM on an element says that the map or its descriptor takes no writes.
	const sealed = {
		missing: "writable map",
		why: "the map is frozen or open for reading only",
		hint: "open it writable",
	};
	const { missing, why, hint } = found.missing === "unknown" ? sealed : found;
	const facts = { code: "PERMISSION", operation, object: map.name, errno, hint, missing };
	return new PermissionError(`cannot ${operation} ${where}: ${why}: ${hint}`, facts);
}

/** `MAP_FULL` with name, use and limit; for an array, with the index that it does not have. */
export function mapFull({ map, operation, errno, written, used, key }: Failure): MapError {
	const limit = map.maxEntries;
	const inUse = used?.();
	const use =
		inUse !== undefined
			? `${inUse} of ${limit} entries in use`
			: `index ${key ?? "asked for"} is past its ${limit} entries`;
	return new MapError(`${map.name} is full: ${use}; raise its max_entries`, {
		code: "MAP_FULL",
		operation,
		object: map.name,
		errno,
		hint: `raise max_entries of ${map.name} or delete entries`,
		map: map.name,
		used: inUse ?? limit,
		limit,
		written,
	});
}

/** `MAP_ENTRY`: an entry that does not fit its type, with the codec's words as cause. */
export function badEntry(map: { readonly name: string }, cause: unknown, written?: number): MapError {
	const why = cause instanceof Error ? cause.message : String(cause);
	return new MapError(`an entry does not fit ${map.name}: ${why}`, {
		code: "MAP_ENTRY",
		operation: "encode",
		object: map.name,
		map: map.name,
		written,
		cause,
	});
}

/** What a map must be for its caller: kinds, and sizes in bytes with the C names they come from. */
export interface Expected {
	types: readonly string[];
	key: { readonly name: string; readonly size: number };
	value: { readonly name: string; readonly size: number };
}

/** Compares a map with what its caller takes it for. Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`. */
export function checkMap(map: MapHandle, { types, key, value }: Expected): void {
	if (!types.includes(map.type)) {
		throw new BpfError(
			`${map.name} is a map of type ${map.type}, not ${types.join(" or ")}: open it as what it is`,
			{
				code: "MAP_TYPE",
				operation: "open",
				object: map.name,
			},
		);
	}
	checkSize(map.name, "key", key, map.keySize);
	checkSize(map.name, "value", value, map.valueSize);
}

function checkSize(map: string, part: string, codec: { name: string; size: number }, actual: number): void {
	if (codec.size === actual) return;
	throw new LayoutError(
		`the ${part} of ${map}, ${codec.name}, has ${codec.size} bytes here and ${actual} in the kernel: generate its types again from the object that made the map`,
		{
			code: "MAP_LAYOUT",
			operation: "open",
			object: map,
			expected: codec.size,
			actual,
			hint: "run bpf2ts on the object, or remove a pin left by another version",
		},
	);
}
