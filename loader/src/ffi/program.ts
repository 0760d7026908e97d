import koffi from "koffi";
import { lazily, libbpf } from "./library.ts";

/** `struct bpf_test_run_opts`. */
export interface TestRunOptions {
	data_in: Uint8Array | null;
	data_out: Uint8Array | null;
	data_size_in: number;
	data_size_out: number;
	ctx_in: Uint8Array | null;
	ctx_out: Uint8Array | null;
	ctx_size_in: number;
	ctx_size_out: number;
	repeat: number;
}

/** What a test run filled in. `status`: 0 or -errno. */
export interface TestRunOutcome {
	status: number;
	retval: number;
	/** Average of one repetition, in ns. */
	duration: number;
	data_size_out: number;
	ctx_size_out: number;
}

/** The part of `struct bpf_prog_load_opts` that is used. */
interface LoadOptions {
	/** 1: no second try when the kernel says EAGAIN. */
	attempts: number;
	expected_attach_type: number;
	attach_btf_id: number;
	log_level: number;
	log_size: number;
	log_buf: Uint8Array | null;
}

/** libbpf's calls on single programs; results are a descriptor, 0 or -errno. */
interface ProgramCalls {
	/** `instructions`: 8 bytes each. */
	load(
		type: number,
		name: string | null,
		license: string,
		instructions: Uint8Array,
		count: number,
		options: LoadOptions,
	): number;
	testRun(fd: number, options: TestRunOptions): TestRunOutcome;
	/** 1: yes, 0: no. */
	probeMapType(type: number, options: null): number;
	openById(id: number): number;
}

/** Bound on first use. Throws BpfError `LIBBPF_MISSING`. */
export const programCalls = lazily((): ProgramCalls => {
	const library = libbpf();
	const loadType = loadOptionsType();
	const loadArguments = [
		"int",
		"const char *",
		"const char *",
		"const void *",
		"size_t",
		koffi.pointer(loadType),
	];
	const load = library.func("bpf_prog_load", "int", loadArguments);
	const testType = testRunType();
	const testRun = library.func("bpf_prog_test_run_opts", "int", [
		"int",
		koffi.inout(koffi.pointer(testType)),
	]);
	return {
		load: (type, name, license, instructions, count, options) =>
			load(type, name, license, instructions, count, { sz: koffi.sizeof(loadType), ...options }),
		testRun(fd, options) {
			const results = { retval: 0, duration: 0, flags: 0, cpu: 0, batch_size: 0 };
			const filled = { sz: koffi.sizeof(testType), ...options, ...results };
			const status: number = testRun(fd, filled);
			return { ...filled, status };
		},
		probeMapType: library.func("int libbpf_probe_bpf_map_type(int type, const void *options)"),
		openById: library.func("int bpf_prog_get_fd_by_id(uint32_t id)"),
	};
});

/** The whole struct up to libbpf 1.1; what later versions append, they default. */
function loadOptionsType() {
	return koffi.struct({
		sz: "size_t",
		attempts: "int",
		expected_attach_type: "int",
		prog_btf_fd: "uint32_t",
		prog_flags: "uint32_t",
		prog_ifindex: "uint32_t",
		kern_version: "uint32_t",
		attach_btf_id: "uint32_t",
		attach_prog_fd: "uint32_t",
		attach_btf_obj_fd: "uint32_t",
		fd_array: "void *",
		func_info: "void *",
		func_info_cnt: "uint32_t",
		func_info_rec_size: "uint32_t",
		line_info: "void *",
		line_info_cnt: "uint32_t",
		line_info_rec_size: "uint32_t",
		log_level: "uint32_t",
		log_size: "uint32_t",
		log_buf: "void *",
	});
}

function testRunType() {
	return koffi.struct({
		sz: "size_t",
		data_in: "const void *",
		data_out: "void *",
		data_size_in: "uint32_t",
		data_size_out: "uint32_t",
		ctx_in: "const void *",
		ctx_out: "void *",
		ctx_size_in: "uint32_t",
		ctx_size_out: "uint32_t",
		retval: "uint32_t",
		repeat: "int",
		duration: "uint32_t",
		flags: "uint32_t",
		cpu: "uint32_t",
		batch_size: "uint32_t",
	});
}
