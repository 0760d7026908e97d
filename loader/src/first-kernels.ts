import { firstKernels } from "./generated/first-kernels.ts";

/**
 * First kernel on which a feature works, of those that were tried (test-vm/support.json), as in `6.12`; undefined where
 * it works on none or was not tried. Only for messages and skips: whether a kernel has something is asked of the kernel
 * (`probe`), as distributions backport and configurations leave out.
 */
export const firstKernelOf = (feature: string): string | undefined => firstKernels[feature];

/** The end of a message that a feature is missing: ` (Linux 6.12 has it)`, or nothing. */
export function whoHas(feature: string): string {
	const first = firstKernelOf(feature);
	return first === undefined ? "" : ` (Linux ${first} has it)`;
}
