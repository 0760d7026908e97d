import { type AffinityView, describeAffinity } from "../../dataplane/affinity-view.ts";
import { openPinnedDataplane } from "../../dataplane/pinned-dataplane.ts";
import { addressAndPort } from "../../dataplane/tables.ts";
import { formatAge } from "../age.ts";
import { ExitCode, type Handler } from "../command.ts";
import { addressFilter, serviceFilter } from "../service-filter.ts";
import { serviceText } from "../service-text.ts";
import { formatJson, formatTable } from "../table.ts";
import type { affinityOptions } from "./options.ts";

export const runAffinity: Handler<typeof affinityOptions> = async (values, terminal) => {
	const { owner } = serviceFilter(values);
	const isClient = addressFilter("client", values.client);
	using dataplane = openPinnedDataplane(values.bpffs);
	const affinity = describeAffinity(dataplane.maps).filter((view) => owner(view) && isClient(view.client));
	terminal.out(values.output === "json" ? formatJson({ affinity }) : formatAffinity(affinity));
	return ExitCode.OK;
};

function formatAffinity(affinity: readonly AffinityView[]): string {
	return formatTable(
		["SERVICE", "CLIENT", "BACKEND", "LAST DIAL", "LEFT"],
		affinity.map((view) => [
			serviceText(view),
			view.client ?? `sockets of netns ${view.netns}`,
			view.backend === undefined ? "gone: picks anew" : addressAndPort(view.backend),
			`${formatAge(view.idleMs)} ago`,
			view.leftMs === undefined ? "none" : formatAge(view.leftMs),
		]),
	);
}
