import { text, viewOf } from "../elf/elf.ts";
import { failure } from "../failure.ts";
import { infoCalls } from "../ffi/info.ts";

/** A kernel struct of facts, as bytes and through a view; what the kernel is too old to know stays zero. */
export interface RawInfo {
	readonly bytes: Uint8Array;
	readonly view: DataView;
}

/** Reads the facts about an open map, program or link. `prepare` may put addresses of buffers in first. */
export function readInfo(fd: number, size: number, prepare?: (view: DataView) => void): RawInfo {
	const bytes = new Uint8Array(size);
	const view = viewOf(bytes);
	prepare?.(view);
	const status = infoCalls().read(fd, bytes, Uint32Array.of(size));
	if (status < 0) throw failure({ operation: "read", object: `facts of descriptor ${fd}` }, -status);
	return { bytes, view };
}

/** A name of the kernel's: 16 bytes, NUL included. */
export const readName = (bytes: Uint8Array, offset: number): string =>
	text(bytes.subarray(offset, offset + 16), 0);
