import { probe } from "../probe/probe.ts";
import { attachClsact, type ClsactAttachment, type TcFilter } from "./clsact.ts";
import type { Link } from "./link.ts";
import { attachTcx } from "./tcx.ts";

/**
 * Attaches a TC program to one side of a device: by a tcx link where the kernel has them (6.6), by a clsact filter
 * below. `priority` and `handle` count for filters only. Errors as attachTcx and attachClsact.
 */
export function attachTc(attachment: ClsactAttachment): Link | TcFilter {
	return probe().tcx() ? attachTcx(attachment) : attachClsact(attachment);
}
