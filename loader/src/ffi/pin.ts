import { lazily, libbpf } from "./library.ts";

/** libbpf's calls on paths of a bpffs; results are a descriptor, 0 or -errno. */
interface PinCalls {
	pin(fd: number, path: string): number;
	open(path: string): number;
}

/** Bound on first use. Throws BpfError `LIBBPF_MISSING`. */
export const pinCalls = lazily((): PinCalls => {
	const library = libbpf();
	return {
		pin: library.func("int bpf_obj_pin(int fd, const char *path)"),
		open: library.func("int bpf_obj_get(const char *path)"),
	};
});
