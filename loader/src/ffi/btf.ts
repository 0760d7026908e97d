import koffi from "koffi";
import { lazily, libbpf } from "./library.ts";

/** libbpf's calls about BTF in the kernel. Pointers are opaque; NULL is null and leaves errno. */
interface BtfCalls {
	loadFromKernel(id: number): bigint | null;
	rawData(btf: bigint, size: Uint32Array): bigint;
	free(btf: bigint): void;
}

/** Bound on first use. Throws BpfError `LIBBPF_MISSING`. */
export const btfCalls = lazily(
	(): BtfCalls => ({
		loadFromKernel: libbpf().func("void *btf__load_from_kernel_by_id(uint32_t id)"),
		rawData: libbpf().func("void *btf__raw_data(void *btf, _Out_ uint32_t *size)"),
		free: libbpf().func("void btf__free(void *btf)"),
	}),
);

/** A copy of `size` bytes of the process's memory. */
export function copyMemory(pointer: bigint, size: number): Uint8Array {
	return new Uint8Array(koffi.view(pointer, size).slice(0));
}
