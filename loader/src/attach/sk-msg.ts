import type { Link } from "./link.ts";
import { attachToSockMap, type SockMapAttachment, type SockMapProgram } from "./sock-map.ts";

/**
 * Attaches an `sk_msg` program to a socket map: it judges what is sent on the sockets in it. A Link from kernel 6.10,
 * a SockMapProgram below. Throws BpfError `ATTACH_REFUSED`, `HOOK_BUSY`; PermissionError.
 */
export function attachSkMsg(attachment: SockMapAttachment): Link | SockMapProgram {
	return attachToSockMap(attachment, "sk_msg_verdict");
}
