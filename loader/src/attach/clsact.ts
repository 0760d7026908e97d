import { Errno } from "../errno.ts";
import { BpfError } from "../errors.ts";
import { type Attempt, failure } from "../failure.ts";
import { captureLog } from "../ffi/log.ts";
import { type TcFilterOptions, tcCalls } from "../ffi/tc.ts";
import type { Program } from "../object/program.ts";
import { type Device, deviceMeanings } from "./interface.ts";
import type { Attachment, LinkInfo } from "./link.ts";
import type { Direction } from "./tcx.ts";

/** One filter's place in the chain of a device's side. */
export interface TcFilterPlace extends Device {
	direction: Direction;
	/** Filters run from the lowest number up; 1 to 65535. */
	priority: number;
	/** Number of the filter in its priority; from 1. */
	handle: number;
}

/** Which program goes to which place; what is left out the kernel chooses. */
export interface ClsactAttachment extends Device {
	program: Program;
	direction: Direction;
	priority?: number;
	handle?: number;
}

const attachPoints = { ingress: 1, egress: 2 } as const;
const replaceFlag = 1;

/**
 * A TC filter on a clsact qdisc: what kernels below 6.6 have in place of a tcx link. The kernel holds it, no
 * descriptor does: `close()` leaves it attached, and after a restart `openTcFilter` finds it by its place.
 */
export class TcFilter implements Attachment {
	readonly place: TcFilterPlace;

	/** For a filter that exists; made by `attachClsact` and `openTcFilter`. */
	constructor(place: TcFilterPlace) {
		this.place = place;
	}

	/** Asks the kernel. Throws BpfError `FILTER_MISSING` where the filter is gone. */
	info(): LinkInfo {
		const { ifindex, direction } = this.place;
		const attachType = direction === "ingress" ? "tcx_ingress" : "tcx_egress";
		const programId = queryFilter(this.place);
		if (programId !== undefined) return { id: 0, type: "unspec", programId, ifindex, attachType };
		const object = describe(this.place);
		throw new BpfError(`${object} is gone`, { code: "FILTER_MISSING", operation: "read", object });
	}

	/** Swaps the program in place. */
	update(program: Program): void {
		attachFilter({ ...this.place, program }, replaceFlag);
	}

	/** Removes the filter; the qdisc stays, others may use it. A filter that is gone is no error. */
	detach(): void {
		const attempt = { operation: "detach", object: describe(this.place), needs: ["CAP_NET_ADMIN"] as const };
		const filter = { ...emptyFilter, handle: this.place.handle, priority: this.place.priority };
		const lines: string[] = [];
		const status = captureLog(lines, () => tcCalls().detach(hookOf(this.place), filter));
		if (status < 0 && -status !== Errno.ENOENT) throw failure({ ...attempt, log: lines }, -status);
	}

	/** Nothing to close: the filter stays. */
	close(): void {}

	[Symbol.dispose](): void {
		this.close();
	}
}

/**
 * Attaches a TC program as a filter of the device's clsact qdisc, which is made where it is missing. Throws BpfError
 * `DEVICE_MISSING`, `HOOK_BUSY` where the place is taken; PermissionError.
 */
export function attachClsact(attachment: ClsactAttachment): TcFilter {
	const lines: string[] = [];
	const status = captureLog(lines, () => tcCalls().createHook(hookOf(attachment)));
	if (status < 0 && -status !== Errno.EEXIST) {
		const { ifindex, program } = attachment;
		const where = `to device ${ifindex}: no clsact qdisc`;
		throw failure({ ...attempt(program, ifindex), where, log: lines }, -status);
	}
	return new TcFilter(attachFilter(attachment, 0));
}

/** The filter at this place; undefined where there is none. */
export function openTcFilter(place: TcFilterPlace): TcFilter | undefined {
	return queryFilter(place) === undefined ? undefined : new TcFilter(place);
}

function attachFilter(attachment: ClsactAttachment, flags: number): TcFilterPlace {
	const { program, ifindex, direction, priority = 0, handle = 0 } = attachment;
	const filter = { ...emptyFilter, prog_fd: program.fd, flags, priority, handle };
	const lines: string[] = [];
	const status = captureLog(lines, () => tcCalls().attach(hookOf(attachment), filter));
	if (status < 0) {
		throw failure(
			{ ...attempt(program, ifindex), where: `to device ${ifindex} at tc ${direction}`, log: lines },
			-status,
		);
	}
	return { ifindex, direction, priority: filter.priority, handle: filter.handle };
}

/** Number of the filter's program; undefined where there is no filter. */
function queryFilter(place: TcFilterPlace): number | undefined {
	const filter = { ...emptyFilter, handle: place.handle, priority: place.priority };
	const lines: string[] = [];
	const status = captureLog(lines, () => tcCalls().query(hookOf(place), filter));
	if (status === 0) return filter.prog_id;
	// EINVAL: the device has no clsact qdisc.
	if (-status === Errno.ENOENT || -status === Errno.EINVAL) return undefined;
	throw failure(
		{ operation: "find", object: describe(place), meanings: deviceMeanings(place.ifindex), log: lines },
		-status,
	);
}

const emptyFilter: TcFilterOptions = { prog_fd: 0, flags: 0, prog_id: 0, handle: 0, priority: 0 };

const hookOf = ({ ifindex, direction }: Device & { direction: Direction }) => ({
	ifindex,
	attach_point: attachPoints[direction],
	parent: 0,
});

const describe = (place: TcFilterPlace): string =>
	`filter ${place.direction} of device ${place.ifindex} (priority ${place.priority}, handle ${place.handle})`;

const attempt = (program: Program, ifindex: number): Attempt => ({
	operation: "attach",
	object: `program ${program.name}`,
	needs: ["CAP_NET_ADMIN"],
	meanings: deviceMeanings(ifindex),
});
