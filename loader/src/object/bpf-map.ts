import { BpfError } from "../errors.ts";
import { closeDescriptor } from "../ffi/descriptor.ts";
import { type MapType, mapTypeName } from "../kernel-names.ts";
import { openPin, pinDescriptor } from "../pin.ts";
import { readInfo, readName } from "./info.ts";

/** What the kernel says of a map. It never changes. */
export interface MapInfo {
	/** Number of the map in this boot, as `bpftool map` shows it. */
	readonly id: number;
	/** At most 15 characters: the kernel keeps no more. */
	readonly name: string;
	readonly type: MapType;
	/** Bytes. */
	readonly keySize: number;
	/** Bytes; of one CPU's value where the map is per CPU. */
	readonly valueSize: number;
	/** Limit, in entries; bytes for a ring buffer. */
	readonly maxEntries: number;
	/** `BPF_F_…` bits. */
	readonly flags: number;
	/** Number of the BTF that key and value types are in; 0: none. */
	readonly btfId: number;
	readonly keyTypeId: number;
	readonly valueTypeId: number;
}

/** An open map. Owns its descriptor: the map lives until that is closed and nothing else (pin, program) holds it. */
export class BpfMap {
	/** Name in the C source, or the kernel's 15 characters of it where the map was opened by pin. */
	readonly name: string;
	readonly info: MapInfo;
	#fd: number;

	/** Takes over `fd`, which must be of a map. */
	constructor(fd: number, name?: string) {
		this.#fd = fd;
		this.info = readMapInfo(fd);
		this.name = name ?? this.info.name;
	}

	/** Throws BpfError `CLOSED` after `close()`. */
	get fd(): number {
		if (this.#fd >= 0) return this.#fd;
		throw new BpfError(`map ${this.name} is closed`, { code: "CLOSED", operation: "use", object: this.name });
	}
	get type(): MapType {
		return this.info.type;
	}
	/** Bytes. */
	get keySize(): number {
		return this.info.keySize;
	}
	/** Bytes; of one CPU's value where the map is per CPU. */
	get valueSize(): number {
		return this.info.valueSize;
	}
	/** Limit, in entries; bytes for a ring buffer. */
	get maxEntries(): number {
		return this.info.maxEntries;
	}
	/** `BPF_F_…` bits. */
	get flags(): number {
		return this.info.flags;
	}

	/** Pins the map at a path of a bpffs, which then holds it too. Throws BpfError `PIN_…`. */
	pin(path: string): void {
		pinDescriptor(this.fd, `map ${this.name}`, path);
	}

	/** Closes the descriptor; a second time is no error. */
	close(): void {
		if (this.#fd >= 0) closeDescriptor(this.#fd);
		this.#fd = -1;
	}

	[Symbol.dispose](): void {
		this.close();
	}
}

/** Opens a pinned map. Throws BpfError `PIN_MISSING`, `PIN_WRONG_KIND`; PermissionError. */
export function openPinnedMap(path: string): BpfMap {
	return new BpfMap(openPin(path, "map"));
}

/** `sizeof(struct bpf_map_info)` as far as it is read. */
const infoSize = 88;

function readMapInfo(fd: number): MapInfo {
	const { bytes, view } = readInfo(fd, infoSize);
	return {
		type: mapTypeName(view.getUint32(0, true)),
		id: view.getUint32(4, true),
		keySize: view.getUint32(8, true),
		valueSize: view.getUint32(12, true),
		maxEntries: view.getUint32(16, true),
		flags: view.getUint32(20, true),
		name: readName(bytes, 24),
		btfId: view.getUint32(64, true),
		keyTypeId: view.getUint32(68, true),
		valueTypeId: view.getUint32(72, true),
	};
}
