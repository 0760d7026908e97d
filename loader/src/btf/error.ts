import { BpfError } from "../errors.ts";

/** BTF that breaks its own rules: `BTF_CORRUPT`. */
export function corrupt(what: string): BpfError {
	return new BpfError(`BTF is corrupt: ${what}`, {
		code: "BTF_CORRUPT",
		operation: "parse",
		object: "BTF",
		hint: "build the object again; clang writes BTF with -g -target bpf",
	});
}

/** BTF, or a type in it, that is sound but that this package does not handle: `BTF_UNSUPPORTED`. */
export function unsupported(object: string, why: string, hint?: string): BpfError {
	return new BpfError(`${object}: ${why}`, { code: "BTF_UNSUPPORTED", operation: "read", object, hint });
}
