import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Errno } from "./errno.ts";
import { BpfError } from "./errors.ts";
import { failure } from "./failure.ts";
import { lastErrno } from "./ffi/library.ts";
import { lockCalls } from "./ffi/lock.ts";

/** `LOCK_EX | LOCK_NB` of sys/file.h. */
const exclusiveNow = 2 | 4;

/** A lock that its holder gives back; the kernel takes it back when the process ends, however it ends. */
export interface DirectoryLock extends Disposable {
	close(): void;
}

/**
 * Locks a directory (flock(2)), whatever path or mount namespace others see it through: for the one process that may
 * change what is pinned there. Throws BpfError `LOCKED`, naming the holder's process id where it can be seen.
 */
export function lockDirectory(path: string): DirectoryLock {
	const fd = openDirectory(path);
	if (lockCalls().flock(fd, exclusiveNow) !== 0) {
		const errno = lastErrno();
		const holder = errno === Errno.EAGAIN ? lockHolder(fd) : undefined;
		closeSync(fd);
		if (errno !== Errno.EAGAIN) throw failure({ operation: "lock", object: path }, errno);
		throw new BpfError(
			`${path} is in use by ${holder?.pid === undefined ? "another process" : `process ${holder.pid}`}`,
			{
				code: "LOCKED",
				operation: "lock",
				object: path,
				errno,
			},
		);
	}
	let held = true;
	const close = () => {
		if (held) closeSync(fd);
		held = false;
	};
	return { close, [Symbol.dispose]: close };
}

/** Who holds a lock. */
export interface LockHolder {
	/** Undefined for a process of a PID namespace that we cannot see into. */
	pid: number | undefined;
}

/** Who holds the lock of a directory; undefined where nobody does. */
export function directoryLockHolder(path: string): LockHolder | undefined {
	const fd = openDirectory(path);
	try {
		return lockHolder(fd);
	} finally {
		closeSync(fd);
	}
}

function openDirectory(path: string): number {
	try {
		return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
	} catch (cause) {
		const { errno } = cause as NodeJS.ErrnoException;
		throw failure({ operation: "lock", object: path }, -(errno ?? 0));
	}
}

/** Lines of /proc/locks end in `PID MAJOR:MINOR:INODE START END`; a process of another PID namespace is 0 there. */
function lockHolder(fd: number): LockHolder | undefined {
	const { dev, ino } = fstatSync(fd, { bigint: true });
	const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
	const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
	const identity = `${hexByte(major)}:${hexByte(minor)}:${ino}`;
	const line = readFileSync("/proc/locks", "utf8")
		.split("\n")
		.find((candidate) => !candidate.includes("->") && candidate.includes(` ${identity} `));
	if (line === undefined) return undefined;
	const pid = Number(/(\d+) \S+ \S+ \S+$/.exec(line)?.[1] ?? 0);
	return { pid: pid > 0 ? pid : undefined };
}

const hexByte = (value: bigint): string => value.toString(16).padStart(2, "0");
