import koffi from "koffi";
import { BpfError } from "../errors.ts";

type Library = ReturnType<typeof koffi.load>;

let opened: Library | undefined;

/** The system's libbpf, opened on first use. Throws BpfError `LIBBPF_MISSING` naming the package that brings it. */
export function libbpf(): Library {
	opened ??= openLibbpf();
	return opened;
}

function openLibbpf(): Library {
	try {
		return koffi.load("libbpf.so.1");
	} catch (cause) {
		throw new BpfError("libbpf.so.1 cannot be opened: install the package libbpf1 (Debian, Ubuntu) or libbpf (Fedora)", {
			code: "LIBBPF_MISSING",
			operation: "open",
			object: "libbpf.so.1",
			hint: "apt-get install libbpf1",
			cause,
		});
	}
}
