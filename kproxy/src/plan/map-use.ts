import type { Problem } from "../problem.ts";

/** How full a map is, in entries that can be given out. */
export interface MapUse {
	/** Name in the kernel, as in `svc_slots`. */
	name: string;
	used: number;
	limit: number;
	/** Of svc_frontends: how many of them are guards of ClusterIPs, which are no frontends to anybody. */
	guards?: number;
}

/** A map is said to be nearly full from here on. */
const WARN_SHARE = 0.9;
/** And until here: a map that hovers at the limit is said once. */
const CLEAR_SHARE = 0.85;

/** Which maps are nearly full, with memory: each is named when it passes 90 % and until it is below 85 % again. */
export function createUseWarnings(): (use: readonly MapUse[]) => Problem[] {
	const warned = new Set<string>();
	return (use) => {
		for (const { name, used, limit } of use) {
			if (used >= limit * WARN_SHARE) warned.add(name);
			else if (used < limit * CLEAR_SHARE) warned.delete(name);
		}
		return use.filter(({ name }) => warned.has(name)).map(warning);
	};
}

function warning(map: MapUse): Problem {
	const object = `map ${map.name}`;
	return {
		id: `${object} MAP_NEARLY_FULL`,
		object,
		code: "MAP_NEARLY_FULL",
		message: `${object} holds ${map.used} of ${map.limit} entries; what does not fit will not be served`,
		map,
	};
}
