import { Errno } from "../errno.ts";
import { lastErrno, lazily, libc } from "./library.ts";

/** libc's socket calls, each of which returns -1 with errno where it fails. */
interface SocketCalls {
	socket(family: number, type: number, protocol: number): number;
	bind(fd: number, address: Uint8Array, length: number): number;
	connect(fd: number, address: Uint8Array, length: number): number;
	send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
	recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
	setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
}

const calls = lazily((): SocketCalls => {
	const bind = (definition: string) => libc().func(definition);
	return {
		socket: bind("int socket(int family, int type, int protocol)"),
		bind: bind("int bind(int fd, const void *address, uint32_t length)"),
		connect: bind("int connect(int fd, const void *address, uint32_t length)"),
		send: bind("int64_t send(int fd, const void *bytes, size_t length, int flags)"),
		recv: bind("int64_t recv(int fd, void *bytes, size_t length, int flags)"),
		setsockopt: bind("int setsockopt(int fd, int level, int option, const void *value, uint32_t length)"),
	};
});

const familyNetlink = 16;
const rawCloseOnExec = 3 | 0x80000;
/** SOL_NETLINK and NETLINK_GET_STRICT_CHK. */
const levelNetlink = 270;
const strictChecking = 12;
const dontWait = 0x40;
/** Makes recv return the whole length of a message that the buffer is too short for. */
const trueLength = 0x20;

/** struct sockaddr_nl with the port 0: the kernel in `connect`, one that the kernel chooses in `bind`. */
function netlinkAddress(groups: number): Uint8Array {
	const bytes = new Uint8Array(12);
	const view = new DataView(bytes.buffer);
	view.setUint16(0, familyNetlink, true);
	view.setUint32(8, groups, true);
	return bytes;
}

const resultOrErrno = (result: number): number => (result >= 0 ? result : -lastErrno());

/** A netlink socket of the calling thread's network namespace, or a negative errno. */
export function openNetlinkDescriptor(protocol: number): number {
	return resultOrErrno(calls().socket(familyNetlink, rawCloseOnExec, protocol));
}

/** Joins multicast groups, by their bits. 0 or a negative errno. */
export function bindNetlink(fd: number, groups: number): number {
	return resultOrErrno(calls().bind(fd, netlinkAddress(groups), 12));
}

/** From now on only the kernel's messages reach the socket. 0 or a negative errno. */
export function connectToKernel(fd: number): number {
	return resultOrErrno(calls().connect(fd, netlinkAddress(0), 12));
}

/**
 * From now on the kernel heeds all that a request to list says, instead of listing everything; since Linux 4.20.
 * 0 or a negative errno.
 */
export function checkStrictly(fd: number): number {
	return resultOrErrno(calls().setsockopt(fd, levelNetlink, strictChecking, Uint8Array.of(1, 0, 0, 0), 4));
}

/** Sends one request; the kernel works on it before this returns. Bytes sent or a negative errno. */
export function sendNetlink(fd: number, bytes: Uint8Array): number {
	return resultOrErrno(calls().send(fd, bytes, bytes.length, 0));
}

/** Receives what is there, without waiting: its length, which may be more than the buffer's, or a negative errno. */
export function receiveNetlink(fd: number, buffer: Uint8Array): number {
	for (;;) {
		const result = resultOrErrno(calls().recv(fd, buffer, buffer.length, dontWait | trueLength));
		if (result !== -Errno.EINTR) return result;
	}
}
