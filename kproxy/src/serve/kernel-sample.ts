import { readOutcomes } from "../dataplane/counters.ts";
import { maps } from "../dataplane/generated/sock_lb.ts";
import type { ServiceMaps } from "../dataplane/service-maps.ts";
import type { MapUse } from "../plan/map-use.ts";
import type { KernelSample } from "./metrics.ts";

/** What `/metrics` shows of the kernel. `use` is what the pipeline knows: a scrape does not read whole maps.
 * Without `counters` the dataplane is not loaded yet. */
export function sampleKernel(
	counters: ServiceMaps["counters"] | undefined,
	use: readonly MapUse[],
): KernelSample {
	const used = new Map(use.map((map) => [map.name, map.used]));
	const limits = new Map(use.map((map) => [map.name, map.limit]));
	const guards = use.reduce((sum, map) => sum + (map.guards ?? 0), 0);
	return {
		frontends: (used.get("svc_frontends") ?? 0) - guards,
		backends: used.get("svc_backends") ?? 0,
		maps: Object.values(maps).map(({ name, maxEntries }) => ({
			name,
			entries: used.get(name),
			maxEntries: limits.get(name) ?? maxEntries,
		})),
		reasons: counters ? readOutcomes(counters) : [],
	};
}
