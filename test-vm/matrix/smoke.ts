import type { KernelEntry } from "../kernels/list.ts";

/** Few files that load every program and see packets and sockets through them: what a change breaks first. */
export const SMOKE_TESTS: readonly string[] = [
	"loader/test/kernel/load.test.ts",
	"maps/test/kernel/table-kinds.test.ts",
	"kproxy/test/kernel/sock-lb.test.ts",
	"kproxy/test/kernel/scenarios.test.ts",
	"kproxy/test/kernel/services/addresses.test.ts",
];

/** The oldest and the newest. */
export function smokeKernels(list: readonly KernelEntry[]): KernelEntry[] {
	return list.filter((_, index) => index === 0 || index === list.length - 1);
}
