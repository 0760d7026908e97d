import koffi from "koffi";
import { lazily, libbpf, type Pointer } from "./library.ts";

/** libbpf's calls on an object that is being loaded, on its programs and maps; negative results are -errno. */
interface ObjectCalls {
	/** NULL on error, with errno set. */
	open(bytes: Uint8Array, name: string): Pointer | null;
	load(object: Pointer): number;
	close(object: Pointer): void;
	findProgram(object: Pointer, name: string): Pointer | null;
	programType(program: Pointer): number;
	setProgramType(program: Pointer, type: number): number;
	setAttachType(program: Pointer, attachType: number): number;
	setAutoload(program: Pointer, autoload: boolean): number;
	/** The buffer must outlive the load. */
	setLog(program: Pointer, log: Uint8Array, size: number): number;
	/** Bits of `BPF_LOG_…`; 0: nothing is written of a program that the verifier accepts. */
	setLogLevel(program: Pointer, level: number): number;
	programFd(program: Pointer): number;
	findMap(object: Pointer, name: string): Pointer | null;
	mapFd(map: Pointer): number;
	setMaxEntries(map: Pointer, maxEntries: number): number;
	setInitialValue(map: Pointer, value: Uint8Array, size: number): number;
	setPinPath(map: Pointer, path: string | null): number;
	/** libbpf keeps a descriptor of its own. */
	reuse(map: Pointer, fd: number): number;
}

/** Bound on first use. Throws BpfError `LIBBPF_MISSING`. */
export const objectCalls = lazily((): ObjectCalls => {
	const bind = (definition: string) => libbpf().func(definition);
	// The part of `struct bpf_object_open_opts` that is used; its size tells libbpf where its caller's knowledge ends.
	const options = koffi.struct({ sz: "size_t", object_name: "const char *" });
	const open = libbpf().func("bpf_object__open_mem", "void *", [
		"const void *",
		"size_t",
		koffi.pointer(options),
	]);
	return {
		open: (bytes, name) => open(bytes, bytes.length, { sz: koffi.sizeof(options), object_name: name }),
		load: bind("int bpf_object__load(void *object)"),
		close: bind("void bpf_object__close(void *object)"),
		findProgram: bind("void *bpf_object__find_program_by_name(void *object, const char *name)"),
		programType: bind("int bpf_program__type(void *program)"),
		setProgramType: bind("int bpf_program__set_type(void *program, int type)"),
		setAttachType: bind("int bpf_program__set_expected_attach_type(void *program, int type)"),
		setAutoload: bind("int bpf_program__set_autoload(void *program, bool autoload)"),
		setLog: bind("int bpf_program__set_log_buf(void *program, void *log, size_t size)"),
		setLogLevel: bind("int bpf_program__set_log_level(void *program, uint32_t level)"),
		programFd: bind("int bpf_program__fd(void *program)"),
		findMap: bind("void *bpf_object__find_map_by_name(void *object, const char *name)"),
		mapFd: bind("int bpf_map__fd(void *map)"),
		setMaxEntries: bind("int bpf_map__set_max_entries(void *map, uint32_t entries)"),
		setInitialValue: bind("int bpf_map__set_initial_value(void *map, const void *value, size_t size)"),
		setPinPath: bind("int bpf_map__set_pin_path(void *map, const char *path)"),
		reuse: bind("int bpf_map__reuse_fd(void *map, int fd)"),
	};
});
