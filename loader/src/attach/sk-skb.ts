import { BpfError } from "../errors.ts";
import type { AttachType } from "../kernel-names.ts";
import type { Link } from "./link.ts";
import { attachToSockMap, type SockMapAttachment, type SockMapProgram } from "./sock-map.ts";

/** Where an `sk_skb` program sits: it finds message borders, or judges what arrives with or without them. */
export type SkSkbRole = "stream_parser" | "stream_verdict" | "verdict";

/**
 * Attaches an `sk_skb` program to a socket map: it judges what arrives on the sockets in it. `role` defaults to what
 * the program's section says. A Link from kernel 6.10, a SockMapProgram below. Throws BpfError `ATTACH_TYPE_MISSING`,
 * `ATTACH_REFUSED`, `HOOK_BUSY`; PermissionError.
 */
export function attachSkSkb(attachment: SockMapAttachment & { role?: SkSkbRole }): Link | SockMapProgram {
	const { program, role } = attachment;
	const attachType: AttachType | undefined = role === undefined ? program.attachType : `sk_skb_${role}`;
	if (attachType !== undefined) return attachToSockMap(attachment, attachType);
	const object = `program ${program.name}`;
	throw new BpfError(
		`cannot attach ${object} to map ${attachment.map.name}: its role is unknown: give role`,
		{
			code: "ATTACH_TYPE_MISSING",
			operation: "attach",
			object,
		},
	);
}
