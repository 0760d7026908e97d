import koffi from "koffi";
import { lazily, libbpf } from "./library.ts";

/** libbpf's calls that attach; results are a descriptor, 0 or -errno. */
interface LinkCalls {
	/** `target`: descriptor of a cgroup or map, or an interface's index. */
	create(program: number, target: number, attachType: number, flags: number): number;
	update(link: number, program: number): number;
	detach(link: number): number;
	/** The older way, without a link: for hooks whose links are newer than the kernel. */
	attachProgram(program: number, target: number, attachType: number, flags: number): number;
	detachProgram(program: number, target: number, attachType: number): number;
	query(
		target: number,
		attachType: number,
		flags: number,
		attachFlags: Uint32Array,
		ids: Uint32Array,
		count: Uint32Array,
	): number;
}

/** Bound on first use. Throws BpfError `LIBBPF_MISSING`. */
export const linkCalls = lazily((): LinkCalls => {
	const bind = (definition: string) => libbpf().func(definition);
	// The part of `struct bpf_link_create_opts` that is used; its size tells libbpf where its caller's knowledge ends.
	const options = koffi.struct({ sz: "size_t", flags: "uint32_t" });
	const create = libbpf().func("bpf_link_create", "int", ["int", "int", "int", koffi.pointer(options)]);
	const update = bind("int bpf_link_update(int link, int program, const void *options)");
	return {
		create: (program, target, attachType, flags) =>
			create(program, target, attachType, { sz: koffi.sizeof(options), flags }),
		update: (link, program) => update(link, program, null),
		detach: bind("int bpf_link_detach(int link)"),
		attachProgram: bind("int bpf_prog_attach(int program, int target, int type, uint32_t flags)"),
		detachProgram: bind("int bpf_prog_detach2(int program, int target, int type)"),
		query: bind(
			"int bpf_prog_query(int target, int type, uint32_t flags, void *attach_flags, void *ids, void *count)",
		),
	};
});
