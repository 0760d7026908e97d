import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { attachCgroup, loadObject, netnsCookie, openInetSocket, openSpec } from "bpf-loader";
import { openArray } from "bpf-maps";
import { findCgroup } from "./cgroup-root.ts";
import { maps } from "./generated/netns_cookie.ts";

const objectPath = fileURLToPath(new URL("../../objects/netns_cookie.bpf.o", import.meta.url));

/**
 * Cookie of the calling thread's network namespace, as programs see it: from the kernel, or below Linux 5.14 from a
 * program that is attached to this process's own cgroup for a moment. Throws what the loader throws.
 */
export function ownNetnsCookie(): bigint {
	return netnsCookie() ?? askProgram(ownCgroup());
}

/** `cgroup`: directory of a cgroup that this process is in. */
export function askProgram(cgroup: string): bigint {
	using object = loadObject(openSpec(objectPath), { variables: { asking_process: process.pid } });
	const { note_netns: program } = object.programs;
	const { netns_cookie: handle } = object.maps;
	if (!program || !handle) throw new Error(`${objectPath} is not what this version was built with`);
	using _link = attachCgroup({ program, cgroup });
	openInetSocket();
	const cookie = openArray(handle, maps.netns_cookie).get(0);
	if (!cookie) throw new Error(`no socket of this process was seen in cgroup ${cgroup}`);
	return cookie;
}

/** Directory of the cgroup that this process is in. Throws BpfError `NO_CGROUP2`. */
function ownCgroup(): string {
	const line = readFileSync("/proc/self/cgroup", "utf8")
		.split("\n")
		.find((line) => line.startsWith("0::"));
	return join(findCgroup(undefined).path, line?.slice(3) ?? "");
}
