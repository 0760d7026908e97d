import { existsSync } from "node:fs";

/** Set in the virtual machines of test-vm, whose kernels have every module that a test needs. */
const IN_GUEST = process.env.KPROXY_TEST_GUEST === "1";

/** Modules by what shows that they are there; a kernel built in one piece may lack them, whatever its version. */
const SIGNS = { sctp: "/proc/net/sctp", "802.1Q VLAN": "/proc/net/vlan" } as const;

/**
 * Whether a test of this module is to be left out: `npm run test:vm` runs it. In a virtual machine none is, so that no skip
 * hides anything.
 */
export function leftOutWithout(module: keyof typeof SIGNS): boolean {
	return !IN_GUEST && !existsSync(SIGNS[module]);
}
