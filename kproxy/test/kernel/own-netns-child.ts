import { netnsCookie } from "bpf-loader";
import { askProgram } from "../../src/dataplane/own-netns.ts";

/** Prints the cookie of its network namespace as a program of the cgroup sees it, and as the kernel says. */
const [cgroup = ""] = process.argv.slice(2);
console.log(JSON.stringify([askProgram(cgroup), netnsCookie()].map(String)));
