import { closeSync, openSync } from "node:fs";
import { describeErrno, Errno } from "../errno.ts";
import { BpfError } from "../errors.ts";
import { failure } from "../failure.ts";
import { enterNetworkNamespace, inetSocket, socketNamespaceCookie } from "../ffi/namespace.ts";
import { netlinkRoute } from "./network.ts";
import { NetlinkSocket } from "./socket.ts";

/** Of the thread: /proc/self is the process's first thread, which a worker is not. */
const here = "/proc/thread-self/ns/net";

/**
 * Runs a synchronous function with this thread in the network namespace at a path, as in `/run/netns/pod1` or
 * `/proc/1/ns/net`; what it opens stays there. Always comes back: where the kernel refuses that, it writes why and ends
 * the process, since all that follows would happen in the wrong namespace. Needs CAP_SYS_ADMIN.
 * Throws BpfError `NAMESPACE_MISSING`, PermissionError.
 */
export function inNetworkNamespace<Result>(path: string, use: () => Result): Result {
	const home = openNamespace(here);
	try {
		enter(path);
		try {
			return use();
		} finally {
			comeBack(home, path);
		}
	} finally {
		closeSync(home);
	}
}

/**
 * Number of the calling thread's network namespace, that no other has until the machine restarts: what BPF programs get
 * from `bpf_get_netns_cookie`. Undefined below Linux 5.14. Throws BpfError.
 */
export function netnsCookie(): bigint | undefined {
	using socket = new NetlinkSocket(netlinkRoute);
	const cookie = socketNamespaceCookie(socket.fd);
	if (typeof cookie === "bigint") return cookie;
	if (-cookie === Errno.ENOPROTOOPT) return undefined;
	throw failure({ operation: "read", object: "the network namespace's cookie" }, -cookie);
}

/**
 * Opens an IPv4 socket in the calling thread's network namespace, before it returns, and closes it: programs at a
 * cgroup's socket hooks see it. Throws BpfError.
 */
export function openInetSocket(): void {
	const fd = inetSocket();
	if (fd < 0) throw failure({ operation: "open", object: "an IPv4 socket" }, -fd);
	closeSync(fd);
}

function enter(path: string): void {
	const fd = openNamespace(path);
	const status = enterNetworkNamespace(fd);
	closeSync(fd);
	if (status === 0) return;
	const meanings = {
		[Errno.EINVAL]: { code: "NAMESPACE_MISSING", why: "the file is no network namespace" },
	};
	const attempt = { operation: "enter", object: `network namespace ${path}`, meanings };
	throw failure({ ...attempt, needs: ["CAP_SYS_ADMIN"] }, -status);
}

function openNamespace(path: string): number {
	try {
		return openSync(path, "r");
	} catch (cause) {
		const { code, errno } = cause as NodeJS.ErrnoException;
		const why = errno === undefined ? String(cause) : describeErrno(-errno);
		throw new BpfError(`cannot open network namespace ${path}: ${why}`, {
			code: code === "ENOENT" || code === "ESRCH" ? "NAMESPACE_MISSING" : (code ?? "NAMESPACE_OPEN"),
			operation: "open",
			object: `network namespace ${path}`,
			errno: errno === undefined ? undefined : -errno,
			cause,
		});
	}
}

function comeBack(home: number, from: string): void {
	const status = enterNetworkNamespace(home);
	if (status === 0) return;
	process.stderr.write(`cannot come back from network namespace ${from}: ${describeErrno(-status)}\n`);
	process.abort();
}
