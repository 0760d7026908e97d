import { Errno } from "../errno.ts";
import { failure } from "../failure.ts";
import { duplicateDescriptor } from "../ffi/descriptor.ts";
import { linkCalls } from "../ffi/link.ts";
import { type AttachType, attachTypeNumber } from "../kernel-names.ts";
import { BpfMap } from "../object/bpf-map.ts";
import { Program } from "../object/program.ts";
import { type Attachment, Link, type LinkInfo } from "./link.ts";

/** Which program works on the sockets of which map. */
export interface SockMapAttachment {
	program: Program;
	/** A `sockmap` or `sockhash`. */
	map: BpfMap;
}

/**
 * A program attached to a socket map without a link, as kernels below 6.10 do. The map holds the program: `close()`
 * leaves it attached, and it goes when the map does.
 */
export class SockMapProgram implements Attachment {
	readonly #attachType: AttachType;
	readonly #map: BpfMap;
	#program: Program;

	/** For a program that is attached; keeps descriptors of its own. Made by `attachSkMsg` and `attachSkSkb`. */
	constructor({ program, map }: SockMapAttachment, attachType: AttachType) {
		this.#map = new BpfMap(duplicateDescriptor(map.fd), map.name);
		this.#program = copyOf(program);
		this.#attachType = attachType;
	}

	/** From what was attached here: the kernel does not say what a map's program is. */
	info(): LinkInfo {
		const programId = this.#program.info().id;
		return { id: 0, type: "unspec", programId, mapId: this.#map.info.id, attachType: this.#attachType };
	}

	/** Swaps the program; sockets that are in the map keep the old one until they are put in again. */
	update(program: Program): void {
		attachWithoutLink({ program, map: this.#map }, this.#attachType);
		this.#program.close();
		this.#program = copyOf(program);
	}

	/** Takes the program off the map. */
	detach(): void {
		const type = attachTypeNumber(this.#attachType);
		const status = linkCalls().detachProgram(this.#program.fd, this.#map.fd, type);
		if (status < 0 && -status !== Errno.ENOENT)
			throw attachFailure(this.#program, this.#map, "detach", -status);
	}

	/** Closes the descriptors; the program stays attached. */
	close(): void {
		this.#program.close();
		this.#map.close();
	}

	[Symbol.dispose](): void {
		this.close();
	}
}

/**
 * Attaches to a socket map by a link where the kernel has them for maps (6.10), without below. On a kernel without,
 * a second program on the same map takes the first one's place.
 */
export function attachToSockMap(
	attachment: SockMapAttachment,
	attachType: AttachType,
): Link | SockMapProgram {
	const { program, map } = attachment;
	const link = linkCalls().create(program.fd, map.fd, attachTypeNumber(attachType), 0);
	if (link >= 0) return new Link(link);
	if (-link !== Errno.EINVAL) throw attachFailure(program, map, "attach", -link);
	attachWithoutLink(attachment, attachType);
	return new SockMapProgram(attachment, attachType);
}

/** The way without a link. */
export function attachWithoutLink({ program, map }: SockMapAttachment, attachType: AttachType): void {
	const status = linkCalls().attachProgram(program.fd, map.fd, attachTypeNumber(attachType), 0);
	if (status < 0) throw attachFailure(program, map, "attach", -status);
}

const copyOf = (program: Program): Program =>
	new Program(duplicateDescriptor(program.fd), { name: program.name, attachType: program.attachType });

function attachFailure(program: Program, map: BpfMap, operation: string, errno: number): Error {
	const refused = {
		code: "ATTACH_REFUSED",
		why: `a map of type ${map.type} does not take a program of type ${program.type}`,
		hint: "sockmap and sockhash take sk_msg and sk_skb",
	};
	const meanings = {
		[Errno.EBUSY]: { code: "HOOK_BUSY", why: "another program holds the hook", hint: "detach it first" },
		[Errno.EINVAL]: refused,
		[Errno.EOPNOTSUPP]: refused,
	};
	const needs = ["CAP_BPF", "CAP_NET_ADMIN"] as const;
	const where = operation === "attach" ? `to map ${map.name}` : `from map ${map.name}`;
	return failure({ operation, object: `program ${program.name}`, where, needs, meanings }, errno);
}
