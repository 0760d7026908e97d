import { lazily, libbpf } from "./library.ts";

/** The kernel's facts about an open program, map or link. */
interface InfoCalls {
	/** Fills `info`; `size[0]`: its bytes, then the bytes that the kernel knows. 0 or -errno. */
	read(fd: number, info: Uint8Array, size: Uint32Array): number;
}

/** Bound on first use. Throws BpfError `LIBBPF_MISSING`. */
export const infoCalls = lazily(
	(): InfoCalls => ({
		read: libbpf().func("int bpf_obj_get_info_by_fd(int fd, void *info, void *size)"),
	}),
);
