import { lazily, libc } from "./library.ts";

/** Advisory locks, which the kernel drops when the last descriptor of the open file is closed. */
interface LockCalls {
	/** 0, or -1 with errno. */
	flock(fd: number, operation: number): number;
}

export const lockCalls = lazily(
	(): LockCalls => ({ flock: libc().func("int flock(int fd, int operation)") }),
);
