import { Errno } from "../errno.ts";
import { failure } from "../failure.ts";
import { linkCalls } from "../ffi/link.ts";
import { attachTypeNumber } from "../kernel-names.ts";
import type { Program } from "../object/program.ts";
import { type Device, deviceMeanings, interfaceName, missingDevice } from "./interface.ts";
import { Link } from "./link.ts";

/** Which program goes to which device, and how. */
export interface XdpAttachment extends Device {
	program: Program;
	/** `native`: in the driver. `generic`: in the stack, for any device. By default native where the driver can. */
	mode?: "native" | "generic";
}

/** `XDP_FLAGS_SKB_MODE` and `XDP_FLAGS_DRV_MODE`; 0 leaves it to the kernel. */
const modeFlags = { generic: 2, native: 4 } as const;

/**
 * Attaches an XDP program to a device by a BPF link. First kernel 5.9. Throws BpfError `DEVICE_MISSING`, `HOOK_BUSY`,
 * `XDP_NO_DRIVER`, `ATTACH_REFUSED`; PermissionError.
 */
export function attachXdp({ program, ifindex, mode }: XdpAttachment): Link {
	const flags = mode === undefined ? 0 : modeFlags[mode];
	const link = linkCalls().create(program.fd, ifindex, attachTypeNumber("xdp"), flags);
	if (link >= 0) return new Link(link);
	const noDriver = {
		code: "XDP_NO_DRIVER",
		why: "the device's driver has no XDP",
		hint: "attach in mode generic",
	};
	throw failure(
		{
			operation: "attach",
			object: `program ${program.name}`,
			where: `to device ${ifindex} at xdp${mode === undefined ? "" : ` (${mode})`}`,
			needs: ["CAP_BPF", "CAP_NET_ADMIN"],
			meanings: {
				...deviceMeanings(ifindex),
				[Errno.EOPNOTSUPP]: noDriver,
				// The kernel says EINVAL for a device that does not exist, too.
				[Errno.EINVAL]: interfaceName(ifindex) === undefined ? missingDevice(ifindex) : refused(program),
			},
		},
		-link,
	);
}

const refused = (program: Program) => ({
	code: "ATTACH_REFUSED",
	why:
		program.type === "xdp"
			? "the device's driver does not take this program"
			: `XDP takes programs of type xdp, not ${program.type}`,
	hint:
		program.type === "xdp"
			? 'an MTU above a page needs SEC("xdp.frags"), or attach in mode generic'
			: "check its section",
});
