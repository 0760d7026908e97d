import { Errno } from "../errno.ts";
import { BpfError } from "../errors.ts";
import type { Meanings } from "../failure.ts";
import { deviceCalls } from "../ffi/device.ts";

/** A network device, by its index in the network namespace that this process is in; `interfaceIndex` finds it. */
export interface Device {
	ifindex: number;
}

/**
 * Index of the device with this name, in the network namespace that this process is in: sysfs would show those of the
 * namespace that mounted it. Throws BpfError `DEVICE_MISSING`.
 */
export function interfaceIndex(name: string): number {
	const index = deviceCalls().index(name);
	if (index !== 0) return index;
	throw new BpfError(`this network namespace has no device ${name}: ip link shows those that it has`, {
		code: "DEVICE_MISSING",
		operation: "find",
		object: `device ${name}`,
	});
}

/** Name of the device with this index; undefined where this network namespace has none. */
export function interfaceName(ifindex: number): string | undefined {
	return deviceCalls().name(ifindex, new Uint8Array(16)) ?? undefined;
}

/** What the kernel's answers mean when a program goes to a device. */
export function deviceMeanings(ifindex: number): Meanings {
	return {
		[Errno.ENODEV]: missingDevice(ifindex),
		[Errno.EBUSY]: { code: "HOOK_BUSY", why: "another program holds the hook", hint: "detach it first" },
		[Errno.EEXIST]: {
			code: "HOOK_BUSY",
			why: "a program is attached there already",
			hint: "detach it first",
		},
	};
}

/** No device has this index. */
export const missingDevice = (ifindex: number) => ({
	code: "DEVICE_MISSING",
	why: `this network namespace has no device with index ${ifindex}`,
	hint: "ip link shows the indexes; the attaching process must be in the device's namespace",
});
