import koffi from "koffi";
import { BpfError } from "../errors.ts";

type Library = ReturnType<typeof koffi.load>;

/** Address in the process's memory; NULL is `null`. */
export type Pointer = bigint;

let opened: Library | undefined;

/**
 * The system's libbpf, opened on first use and made silent: what it would print, `captureLog` collects.
 * Throws BpfError `LIBBPF_MISSING` naming the package that brings it.
 */
export function libbpf(): Library {
	opened ??= openLibbpf();
	return opened;
}

let openedLibc: Library | undefined;

/** The C library of this process. */
export function libc(): Library {
	openedLibc ??= koffi.load("libc.so.6");
	return openedLibc;
}

/** Makes a table of functions once, when it is first needed: importing a module must not open libbpf. */
export function lazily<Table>(bind: () => Table): () => Table {
	let bound: Table | undefined;
	return () => {
		bound ??= bind();
		return bound;
	};
}

/** errno as the last call left it. */
export const lastErrno = (): number => koffi.errno();

function openLibbpf(): Library {
	const library = loadLibbpf();
	library.func("void *libbpf_set_print(void *print)")(null);
	return library;
}

function loadLibbpf(): Library {
	try {
		return koffi.load("libbpf.so.1");
	} catch (cause) {
		throw new BpfError(
			"libbpf.so.1 cannot be opened: install the package libbpf1 (Debian, Ubuntu) or libbpf (Fedora)",
			{
				code: "LIBBPF_MISSING",
				operation: "open",
				object: "libbpf.so.1",
				hint: "apt-get install libbpf1",
				cause,
			},
		);
	}
}
