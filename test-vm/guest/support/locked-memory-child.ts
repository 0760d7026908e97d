/*
 * Run under a limit of no locked memory at all: exits with 0 where the kernel makes a map nevertheless, with 2 where it
 * says EPERM. A process of its own, as libbpf would raise the limit, which it must be told before its first call.
 */
import { BpfError, createMap, Errno } from "bpf-loader";
import { libbpf } from "../../../loader/src/ffi/library.ts";

libbpf().func("int libbpf_set_memlock_rlim(size_t bytes)")(0);
try {
	createMap({ name: "locked", type: "array", keySize: 4, valueSize: 8, maxEntries: 1000 }).close();
} catch (error) {
	if (!(error instanceof BpfError) || error.errno !== Errno.EPERM) throw error;
	process.exitCode = 2;
}
