import { BpfError } from "bpf-loader";

/** A configuration that cannot be meant: `USAGE`, as a wrong flag is. `what` reads on from the file's name. */
export function configError(file: string, what: string, hint?: string): BpfError {
	return new BpfError(`${file}: ${what}`, { code: "USAGE", operation: "parse", object: file, hint });
}
