import { canSetErrno } from "../../src/dataplane/probe-tunables.ts";

/** What a dial says that a socket hook has refused, on this kernel. */
export const DIAL_REFUSED = canSetErrno() ? "ECONNREFUSED" : "EPERM";

/** What bind() says that a socket hook has refused. */
export const BIND_REFUSED = canSetErrno() ? "EADDRINUSE" : "EPERM";
