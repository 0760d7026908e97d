import { Errno } from "../errno.ts";
import { BpfError } from "../errors.ts";
import { failure } from "../failure.ts";
import { closeDescriptor } from "../ffi/descriptor.ts";
import { linkCalls } from "../ffi/link.ts";
import { type AttachType, attachTypeName, type LinkType, linkTypeName } from "../kernel-names.ts";
import { readInfo } from "../object/info.ts";
import type { Program } from "../object/program.ts";
import { openPin, pinDescriptor } from "../pin.ts";

/** What the kernel says of a link. */
export interface LinkInfo {
	/** Number of the link in this boot, as `bpftool link` shows it; 0 for what is attached without a link. */
	readonly id: number;
	/** `unspec` for what is attached without a link. */
	readonly type: LinkType;
	readonly programId: number;
	readonly attachType?: AttachType;
	/** Of `cgroup` links: the cgroup's number, which is its directory's inode. */
	readonly cgroupId?: bigint;
	/** Of `tcx` and `xdp` links: index in the device's own network namespace; 0 once the device is gone. */
	readonly ifindex?: number;
	/** Of `sockmap` links. */
	readonly mapId?: number;
}

/** A program at a hook: a Link, or on hooks without links what stands in for one. */
export interface Attachment {
	info(): LinkInfo;
	/** Puts another program in place, without a moment in which none is attached. */
	update(program: Program): void;
	/** Takes the program off the hook, whoever else holds the attachment. */
	detach(): void;
	close(): void;
	[Symbol.dispose](): void;
}

/** A BPF link. Owns its descriptor: the program stays attached until that is closed and no pin holds the link. */
export class Link implements Attachment {
	#fd: number;

	/** Takes over `fd`, which must be of a link. */
	constructor(fd: number) {
		this.#fd = fd;
	}

	/** Throws BpfError `CLOSED` after `close()`. */
	get fd(): number {
		if (this.#fd >= 0) return this.#fd;
		throw new BpfError("link is closed", { code: "CLOSED", operation: "use", object: "link" });
	}

	/** Asks the kernel. */
	info(): LinkInfo {
		return readLinkInfo(this.fd);
	}

	/** Pins the link on a bpffs: the program then stays attached when this process ends. Throws BpfError `PIN_…`. */
	pin(path: string): void {
		pinDescriptor(this.fd, `link ${this.info().id}`, path);
	}

	/** Swaps the program in one step; traffic sees the old one or the new one. Throws BpfError, PermissionError. */
	update(program: Program): void {
		const status = linkCalls().update(this.fd, program.fd);
		if (status === 0) return;
		const object = `link ${this.info().id}`;
		const meanings = {
			[Errno.EINVAL]: {
				code: "LINK_UPDATE",
				why: `a program of type ${program.type} does not fit this link`,
				hint: "load it with the same type and attach type as the old one",
			},
		};
		const needs = ["CAP_BPF", "CAP_NET_ADMIN"] as const;
		throw failure(
			{ operation: "update", object, where: `to program ${program.name}`, needs, meanings },
			-status,
		);
	}

	/** Takes the program off the hook, even where a pin holds the link; the link stays, attached to nothing. */
	detach(): void {
		const status = linkCalls().detach(this.fd);
		if (status === 0) return;
		const needs = ["CAP_BPF", "CAP_NET_ADMIN"] as const;
		throw failure({ operation: "detach", object: `link ${this.info().id}`, needs }, -status);
	}

	/** Closes the descriptor, and so detaches what is not pinned. A second time is no error. */
	close(): void {
		if (this.#fd >= 0) closeDescriptor(this.#fd);
		this.#fd = -1;
	}

	[Symbol.dispose](): void {
		this.close();
	}
}

/** Opens a pinned link. Throws BpfError `PIN_MISSING`, `PIN_WRONG_KIND`; PermissionError. */
export function openPinnedLink(path: string): Link {
	return new Link(openPin(path, "link"));
}

/** `sizeof(struct bpf_link_info)` as far as it is read. */
const infoSize = 32;
/** Where the part that depends on the kind begins. */
const details = 16;

function readLinkInfo(fd: number): LinkInfo {
	const { view } = readInfo(fd, infoSize);
	const type = linkTypeName(view.getUint32(0, true));
	const common = { id: view.getUint32(4, true), type, programId: view.getUint32(8, true) };
	const first = view.getUint32(details, true);
	const second = attachTypeName(view.getUint32(details + 4, true));
	const secondAttachType = second === undefined ? {} : { attachType: second };
	switch (type) {
		case "cgroup": {
			const attachType = attachTypeName(view.getUint32(details + 8, true));
			const cgroupId = view.getBigUint64(details, true);
			return { ...common, cgroupId, ...(attachType === undefined ? {} : { attachType }) };
		}
		case "tcx":
		case "netkit":
			return { ...common, ifindex: first, ...secondAttachType };
		case "xdp":
			return { ...common, ifindex: first, attachType: "xdp" };
		case "sockmap":
			return { ...common, mapId: first, ...secondAttachType };
		case "netns":
			return { ...common, ...secondAttachType };
		default:
			return common;
	}
}
