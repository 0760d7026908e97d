import { arch } from "node:process";
import { closeDescriptor } from "../../../loader/src/ffi/descriptor.ts";
import { lastErrno, lazily, libc } from "../../../loader/src/ffi/library.ts";
import { type Feature, refused } from "./feature.ts";

/** How the kernel accounts for memory of maps. */
export const memoryFeatures: readonly Feature[] = [
	{
		name: "memory of maps counts for the cgroup",
		fallback: "the limit on locked memory, which libbpf raises",
		works: () => withoutLockedMemory(createsMap),
	},
];

const calls = lazily(() => {
	const bind = (definition: string) => libc().func(definition);
	return {
		getrlimit: bind("int getrlimit(int resource, void *limits)"),
		setrlimit: bind("int setrlimit(int resource, const void *limits)"),
		bpf: bind("long syscall(long number, int command, const void *attributes, uint32_t size)"),
	};
});

/** `RLIMIT_MEMLOCK`. */
const lockedMemory = 8;

/** Runs a function while this process may lock no memory at all. */
function withoutLockedMemory<Result>(use: () => Result): Result {
	const limits = new BigUint64Array(2);
	if (calls().getrlimit(lockedMemory, limits) < 0) throw refused("read", "RLIMIT_MEMLOCK", -lastErrno());
	const none = BigUint64Array.of(0n, limits[1] ?? 0n);
	if (calls().setrlimit(lockedMemory, none) < 0) throw refused("set", "RLIMIT_MEMLOCK", -lastErrno());
	try {
		return use();
	} finally {
		calls().setrlimit(lockedMemory, limits);
	}
}

const systemCalls: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };
const mapCreate = 0;
const arrayType = 2;

/** Without libbpf, which would raise the limit. */
function createsMap(): boolean {
	const number = systemCalls[arch];
	if (number === undefined) throw new Error(`the number of the system call bpf is not known for ${arch}`);
	const attributes = Uint32Array.of(arrayType, 4, 8, 1000);
	const fd = Number(calls().bpf(number, mapCreate, attributes, attributes.byteLength));
	if (fd < 0) throw refused("create", "a map", -lastErrno());
	closeDescriptor(fd);
	return true;
}
