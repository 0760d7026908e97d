import type { MapFacts } from "../../dataplane/pinned-dataplane.ts";
import { formatBytes, formatShare } from "../age.ts";
import { formatTable } from "../table.ts";

/** The table of `maps`, also a part of `status`. */
export function formatMaps(maps: readonly MapFacts[]): string {
	return formatTable(
		["MAP", "TYPE", "ENTRIES", "LIMIT", "USE", "MEMORY"],
		maps.map(({ name, type, used, maxEntries, bytes }) => [
			name,
			type,
			String(used),
			String(maxEntries),
			formatShare(used, maxEntries),
			bytes === undefined ? "unknown" : formatBytes(bytes),
		]),
	);
}
