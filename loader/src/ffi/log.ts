import koffi from "koffi";
import { lazily, libbpf, libc, type Pointer } from "./library.ts";

/** Longest line kept, in bytes; libbpf's own lines are shorter, and verifier logs do not come this way. */
const lineLimit = 16384;

const calls = lazily(() => {
	const print = koffi.proto("int bpf_loader_print(int level, void *format, void *arguments)");
	return {
		print: koffi.pointer(print),
		setPrint: libbpf().func("void *libbpf_set_print(void *print)") as (
			print: Pointer | null,
		) => Pointer | null,
		// On x86-64 and arm64 a va_list parameter is passed as a pointer, so it can be handed on as one.
		format: libc().func("int vsnprintf(void *line, size_t size, void *format, void *arguments)") as (
			line: Uint8Array,
			size: number,
			format: Pointer,
			arguments_: Pointer,
		) => number,
	};
});

/**
 * Runs `run` with libbpf's warnings appended to `lines`, one element a line, without the prefix `libbpf: `. Outside of
 * it libbpf is silent. The callback lives no longer than the call: a worker thread that ends must not leave it behind.
 */
export function captureLog<Result>(lines: string[], run: () => Result): Result {
	const { print, setPrint, format } = calls();
	const line = Buffer.alloc(lineLimit);
	const callback = koffi.register((level: number, template: Pointer, values: Pointer): number => {
		if (level !== 0) return 0;
		const length = Math.min(format(line, lineLimit, template, values), lineLimit - 1);
		const text = line.toString("utf8", 0, Math.max(0, length)).replace(/^libbpf: /, "");
		lines.push(...text.split("\n").filter((each) => each !== ""));
		return 0;
	}, print);
	setPrint(callback);
	try {
		return run();
	} finally {
		setPrint(null);
		koffi.unregister(callback);
	}
}
