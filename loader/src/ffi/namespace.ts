import { lastErrno, lazily, libc } from "./library.ts";

/** libc's calls on network namespaces, each of which returns -1 with errno where it fails. */
const calls = lazily(() => ({
	setns: libc().func("int setns(int fd, int type)") as (fd: number, type: number) => number,
	socket: libc().func("int socket(int domain, int type, int protocol)") as (...args: number[]) => number,
	getsockopt: libc().func(
		"int getsockopt(int fd, int level, int option, void *value, void *length)",
	) as GetOption,
}));

type GetOption = (
	fd: number,
	level: number,
	option: number,
	value: Uint8Array,
	length: Uint32Array,
) => number;

const newNetwork = 0x40000000;
const familyInet = 2;
const datagramCloseOnExec = 0o2000002;
const levelSocket = 1;
const netnsCookieOption = 71;

/** Moves the calling thread to the network namespace of a descriptor. 0 or a negative errno. */
export function enterNetworkNamespace(fd: number): number {
	return calls().setns(fd, newNetwork) === 0 ? 0 : -lastErrno();
}

/** The cookie of the network namespace that a socket is of, or a negative errno. */
export function socketNamespaceCookie(fd: number): bigint | number {
	const value = new Uint8Array(8);
	const status = calls().getsockopt(fd, levelSocket, netnsCookieOption, value, Uint32Array.of(8));
	return status === 0 ? new DataView(value.buffer).getBigUint64(0, true) : -lastErrno();
}

/** An IPv4 datagram socket of the calling thread's namespace: a descriptor, or a negative errno. */
export function inetSocket(): number {
	const fd = calls().socket(familyInet, datagramCloseOnExec, 0);
	return fd >= 0 ? fd : -lastErrno();
}
