import { closeSync, constants, openSync } from "node:fs";
import { Errno } from "../errno.ts";
import { BpfError } from "../errors.ts";
import { failure } from "../failure.ts";
import { linkCalls } from "../ffi/link.ts";
import { type AttachType, attachTypeNumber } from "../kernel-names.ts";
import type { Program } from "../object/program.ts";
import { Link } from "./link.ts";

/** Which program goes to which cgroup. */
export interface CgroupAttachment {
	program: Program;
	/** Directory of the cgroup, on a cgroup2 file system; its processes and those of cgroups below are covered. */
	cgroup: string;
	/** By default what the program's section says; pinned programs need it. */
	attachType?: AttachType;
}

/**
 * Attaches a program to a cgroup by a BPF link, beside whatever others are there: connect, sendmsg, recvmsg,
 * getpeername, bind and post_bind of both families, sockops, and every other `cgroup_…` hook. First kernel 5.7.
 * Throws BpfError `CGROUP_MISSING`, `CGROUP_NOT_V2`, `ATTACH_TYPE_MISSING`, `ATTACH_REFUSED`; PermissionError.
 */
export function attachCgroup({ program, cgroup, attachType = program.attachType }: CgroupAttachment): Link {
	const object = `program ${program.name}`;
	if (attachType === undefined) {
		throw new BpfError(
			`cannot attach ${object} to cgroup ${cgroup}: its attach type is unknown: give attachType`,
			{
				code: "ATTACH_TYPE_MISSING",
				operation: "attach",
				object,
			},
		);
	}
	const directory = openCgroup(cgroup, { operation: "attach", object });
	try {
		const link = linkCalls().create(program.fd, directory, attachTypeNumber(attachType), 0);
		if (link >= 0) return new Link(link);
		const meanings = {
			[Errno.EBADF]: { code: "CGROUP_NOT_V2", why: "that directory is not in a cgroup2 file system" },
			[Errno.EINVAL]: {
				code: "ATTACH_REFUSED",
				why: `the kernel does not take a program of type ${program.type} at ${attachType}`,
				hint: "compare the program's section with attachType",
			},
		};
		const where = `to cgroup ${cgroup} at ${attachType}`;
		throw failure(
			{ operation: "attach", object, where, needs: ["CAP_BPF", "CAP_NET_ADMIN"], meanings },
			-link,
		);
	} finally {
		closeSync(directory);
	}
}

/** Numbers of the programs attached at a hook of exactly this cgroup, in the order in which they run. */
export function listCgroupPrograms(cgroup: string, attachType: AttachType): number[] {
	const object = `cgroup ${cgroup}`;
	const directory = openCgroup(cgroup, { operation: "list programs of", object });
	try {
		// The kernel lets at most 64 programs into one hook of a cgroup.
		const ids = new Uint32Array(64);
		const count = Uint32Array.of(ids.length);
		const status = linkCalls().query(
			directory,
			attachTypeNumber(attachType),
			0,
			new Uint32Array(1),
			ids,
			count,
		);
		if (status < 0) {
			throw failure({ operation: "list programs of", object, needs: ["CAP_BPF", "CAP_NET_ADMIN"] }, -status);
		}
		return [...ids.subarray(0, count[0])];
	} finally {
		closeSync(directory);
	}
}

function openCgroup(cgroup: string, { operation, object }: { operation: string; object: string }): number {
	try {
		return openSync(cgroup, constants.O_RDONLY | constants.O_DIRECTORY);
	} catch (cause) {
		const message = `cannot ${operation} ${object}: cgroup ${cgroup} cannot be opened: give the directory of a cgroup2`;
		const hint = "grep cgroup2 /proc/mounts shows where cgroup2 is mounted";
		throw new BpfError(message, { code: "CGROUP_MISSING", operation, object, hint, cause });
	}
}
