import { Errno } from "../errno.ts";
import { UnsupportedError } from "../errors.ts";
import { failure } from "../failure.ts";
import { linkCalls } from "../ffi/link.ts";
import { firstKernelOf, whoHas } from "../first-kernels.ts";
import { attachTypeNumber } from "../kernel-names.ts";
import type { Program } from "../object/program.ts";
import { probe } from "../probe/probe.ts";
import { type Device, deviceMeanings } from "./interface.ts";
import { Link } from "./link.ts";

/** Which way packets go, seen from the device. */
export type Direction = "ingress" | "egress";

/** Which program goes to which side of which device. */
export interface TcxAttachment extends Device {
	program: Program;
	direction: Direction;
	/** Before or behind the programs that are there; by default behind. */
	position?: "first" | "last";
}

/** `BPF_F_BEFORE` without a program to be before means: before all. */
const beforeAll = 1 << 3;

/**
 * Attaches a TC program to one side of a device by a tcx link. First kernel 6.6; `attachTc` also serves older ones.
 * Throws UnsupportedError, BpfError `DEVICE_MISSING`, `HOOK_BUSY`, `ATTACH_REFUSED`; PermissionError.
 */
export function attachTcx({ program, ifindex, direction, position = "last" }: TcxAttachment): Link {
	const type = attachTypeNumber(direction === "ingress" ? "tcx_ingress" : "tcx_egress");
	const link = linkCalls().create(program.fd, ifindex, type, position === "first" ? beforeAll : 0);
	if (link >= 0) return new Link(link);
	const object = `program ${program.name}`;
	if (-link === Errno.EINVAL && !probe().tcx()) {
		const feature = "tcx links";
		const message = `cannot attach ${object}: this kernel does not have ${feature}${whoHas(feature)}: use attachTc`;
		throw new UnsupportedError(message, {
			code: "UNSUPPORTED",
			operation: "attach",
			object,
			errno: -link,
			feature,
			firstKernel: firstKernelOf(feature),
		});
	}
	throw failure(
		{
			operation: "attach",
			object,
			where: `to device ${ifindex} at tcx ${direction}`,
			needs: ["CAP_BPF", "CAP_NET_ADMIN"],
			meanings: {
				...deviceMeanings(ifindex),
				[Errno.EINVAL]: {
					code: "ATTACH_REFUSED",
					why: `the kernel does not take a program of type ${program.type} there`,
					hint: "tcx takes programs of type sched_cls",
				},
			},
		},
		-link,
	);
}

/** The kernel lets at most so many programs onto one side of a device (`BPF_MPROG_MAX`). */
const maxPrograms = 64;

/**
 * Numbers of the programs that tcx has on one side of a device of this network namespace, in the order in which they
 * run. Throws BpfError `DEVICE_MISSING`; PermissionError.
 */
export function listTcxPrograms({ ifindex, direction }: Device & { direction: Direction }): number[] {
	const type = attachTypeNumber(direction === "ingress" ? "tcx_ingress" : "tcx_egress");
	const ids = new Uint32Array(maxPrograms);
	const count = Uint32Array.of(maxPrograms);
	const status = linkCalls().query(ifindex, type, 0, new Uint32Array(1), ids, count);
	if (status >= 0) return [...ids.subarray(0, count[0])];
	// Nothing was ever attached there.
	if (-status === Errno.ENOENT) return [];
	const object = `device ${ifindex} at tcx ${direction}`;
	const meanings = deviceMeanings(ifindex);
	throw failure({ operation: "list programs of", object, needs: ["CAP_NET_ADMIN"], meanings }, -status);
}
