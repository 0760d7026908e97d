import { canSetErrno } from "../../src/dataplane/probe-tunables.ts";

/** What a dial says that a socket hook has refused, on this kernel. */
export const DIAL_REFUSED = canSetErrno() ? "ECONNREFUSED" : "EPERM";

/** What bind() says that a socket hook has refused. */
export const BIND_REFUSED = canSetErrno() ? "EADDRINUSE" : "EPERM";

/**
 * What another bind() of that socket may say. Linux 5.10 leaves the refused port with the socket until that is closed; newer
 * kernels give it back (5.17, and maybe older ones that have got the mend).
 */
export const BIND_AFTER_REFUSAL = canSetErrno() ? ["ok"] : ["ok", "EINVAL"];
