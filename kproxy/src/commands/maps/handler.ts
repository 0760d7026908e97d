import { pinLayout } from "../../dataplane/bpffs.ts";
import { openPinnedDataplane, readMaps } from "../../dataplane/pinned-dataplane.ts";
import { ExitCode, type Handler } from "../command.ts";
import { formatJson } from "../table.ts";
import { formatMaps } from "./format-maps.ts";
import type { mapsOptions } from "./options.ts";

export const runMaps: Handler<typeof mapsOptions> = async (values, terminal) => {
	// Says what is missing where nothing, or only a part, is pinned.
	openPinnedDataplane(values.bpffs).close();
	const maps = readMaps(pinLayout(values.bpffs));
	terminal.out(values.output === "json" ? formatJson({ maps }) : formatMaps(maps));
	return ExitCode.OK;
};
