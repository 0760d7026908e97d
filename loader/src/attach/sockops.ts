import type { Program } from "../object/program.ts";
import { attachCgroup } from "./cgroup.ts";
import type { Link } from "./link.ts";

/** Attaches a `sockops` program to a cgroup: it sees TCP events of its processes. Errors as attachCgroup. */
export function attachSockops({ program, cgroup }: { program: Program; cgroup: string }): Link {
	return attachCgroup({ program, cgroup, attachType: "cgroup_sock_ops" });
}
