import { Errno } from "../errno.ts";
import { failure } from "../failure.ts";
import { btfCalls, copyMemory } from "../ffi/btf.ts";
import { lastErrno } from "../ffi/library.ts";
import { parseBtf } from "./parse.ts";
import type { Btf } from "./types.ts";

/**
 * Reads the BTF with this id from the kernel; a map's or program's info names the id of its own. Needs CAP_SYS_ADMIN.
 * Throws BpfError `BTF_GONE` where no loaded object has it, PermissionError.
 */
export function readKernelBtf(id: number): Btf {
	const calls = btfCalls();
	const btf = calls.loadFromKernel(id);
	if (btf === null) throw refused(id, lastErrno());
	try {
		const size = new Uint32Array(1);
		const data = calls.rawData(btf, size);
		return parseBtf(copyMemory(data, size[0] ?? 0));
	} finally {
		calls.free(btf);
	}
}

function refused(id: number, errno: number): Error {
	const why = "no loaded object has it (0 is the id of a map or program without BTF)";
	return failure(
		{
			operation: "read",
			object: `BTF ${id}`,
			needs: ["CAP_SYS_ADMIN"],
			meanings: { [Errno.ENOENT]: { code: "BTF_GONE", why } },
		},
		errno,
	);
}
