import { getSystemErrorMap } from "node:util";

/** Linux error numbers that decisions are made on. */
export const Errno = {
	EPERM: 1,
	ENOENT: 2,
	EINTR: 4,
	E2BIG: 7,
	EBADF: 9,
	EAGAIN: 11,
	ENOMEM: 12,
	EACCES: 13,
	EBUSY: 16,
	EEXIST: 17,
	ENODEV: 19,
	EINVAL: 22,
	ENOSPC: 28,
	ERANGE: 34,
	EDEADLK: 35,
	ENOPROTOOPT: 92,
	EOPNOTSUPP: 95,
	ENETUNREACH: 101,
	ENOBUFS: 105,
	ETIMEDOUT: 110,
	EHOSTUNREACH: 113,
	ESTALE: 116,
	ENOTSUPP: 524,
} as const;

/** What libc has no words for: numbers of the kernel's inside, and libbpf's own from 4000. */
const others: Readonly<Record<number, readonly [name: string, meaning: string]>> = {
	524: ["ENOTSUPP", "operation is not supported"],
	4000: ["LIBBPF_LIBELF", "libelf failed"],
	4001: ["LIBBPF_FORMAT", "object format is invalid"],
	4003: ["LIBBPF_ENDIAN", "byte order of another machine"],
	4004: ["LIBBPF_INTERNAL", "internal error of libbpf"],
	4005: ["LIBBPF_RELOC", "relocation failed"],
	4006: ["LIBBPF_LOAD", "load failed for an unknown reason"],
	4007: ["LIBBPF_VERIFY", "verifier refused the program"],
	4008: ["LIBBPF_PROG2BIG", "program is too big"],
	4010: ["LIBBPF_PROGTYPE", "kernel does not support the program type"],
};

/** Name of an error number, as in `ENOENT`. */
export function errnoName(errno: number): string {
	return (getSystemErrorMap().get(-errno) ?? others[errno])?.[0] ?? `E${errno}`;
}

/** Name and meaning of an error number, as in `ENOENT (no such file or directory)`. */
export function describeErrno(errno: number): string {
	const known = getSystemErrorMap().get(-errno) ?? others[errno];
	return known === undefined ? `errno ${errno}` : `${known[0]} (${known[1]})`;
}
