import type { AttachType, MapType, ProgramType } from "../kernel-names.ts";

/** What an object file declares: plain data, the same on every machine. */
export interface ObjectSpec {
	/** Name of the object, from its file name; libbpf builds the names of data maps from it. */
	readonly name: string;
	/** Text of the `license` section; empty where there is none. */
	readonly license: string;
	/** By C function name, in the order of the file. */
	readonly programs: Readonly<Record<string, ProgramSpec>>;
	/** By C variable name; data sections under their section name, as in `.rodata`. */
	readonly maps: Readonly<Record<string, MapSpec>>;
	/** Global variables of `.rodata`, `.data` and `.bss`, by C name. */
	readonly variables: Readonly<Record<string, VariableSpec>>;
	/** The `.BTF` section as it is in the file. */
	readonly btf: Uint8Array;
	/** The whole object file. */
	readonly bytes: Uint8Array;
}

/** One program of an object file. */
export interface ProgramSpec {
	readonly name: string;
	/** Section, as in `cgroup/connect4`, without the `?` that switches loading off. */
	readonly section: string;
	/** False for a section that starts with `?`: loaded only when asked for. */
	readonly autoload: boolean;
	/** From the section's name; `unspec` where it means nothing. */
	readonly type: ProgramType;
	/** Expected attach type, for the program types that have one. */
	readonly attachType?: AttachType;
	/** Instructions of the function itself, before the functions that it calls are joined to it. */
	readonly instructionCount: number;
	/** Offset of its first instruction in its section, in bytes. */
	readonly offset: number;
}

/** One map of an object file. */
export interface MapSpec {
	readonly name: string;
	/** `.maps`, or for global variables the data section itself. */
	readonly section: string;
	readonly type: MapType;
	/** Bytes. */
	readonly keySize: number;
	/** Bytes. */
	readonly valueSize: number;
	/** Entries; 0 where the loader fills in the number of CPUs (`perf_event_array`). */
	readonly maxEntries: number;
	/** `BPF_F_…` bits. */
	readonly flags: number;
	/** BTF id of the key's type; 0 where the C gives only a size. */
	readonly keyTypeId: number;
	/** BTF id of the value's type; 0 where the C gives only a size. */
	readonly valueTypeId: number;
	/** `by_name`: `LIBBPF_PIN_BY_NAME`, pinned under `pinRoot` when loaded. */
	readonly pinning: "none" | "by_name";
	/** Template of the inner maps of `array_of_maps` and `hash_of_maps`. */
	readonly innerMap?: MapSpec;
}

/** How a variable's number is stored; `bytes` for structs, arrays and the rest. */
export type VariableFormat = "unsigned" | "signed" | "boolean" | "float" | "bytes";

/** One global variable of an object file. */
export interface VariableSpec {
	readonly name: string;
	readonly section: string;
	/** In `.rodata`: fixed at load, and known to the verifier, which then drops dead branches. */
	readonly constant: boolean;
	/** Bytes from the start of the section. */
	readonly offset: number;
	/** Bytes. */
	readonly size: number;
	readonly typeId: number;
	readonly format: VariableFormat;
	/** Of a `__be` type: numbers are given in host terms and stored in network order. */
	readonly bigEndian: boolean;
	/** Value in the file, `size` bytes. */
	readonly initial: Uint8Array;
}
