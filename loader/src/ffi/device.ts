import { lazily, libc } from "./library.ts";

/** libc's calls on network devices of the namespace that the calling thread is in. */
export const deviceCalls = lazily(() => ({
	/** 0 where there is no such device. */
	index: libc().func("unsigned int if_nametoindex(const char *name)") as (name: string) => number,
	/** Fills `name` (16 bytes), or returns null where there is no such device. */
	name: libc().func("const char *if_indextoname(unsigned int index, void *name)") as (
		index: number,
		name: Uint8Array,
	) => string | null,
}));
