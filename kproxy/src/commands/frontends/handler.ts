import { openPinnedDataplane } from "../../dataplane/pinned-dataplane.ts";
import { describeTables, type FrontendView } from "../../dataplane/service-view.ts";
import { addressAndPort } from "../../dataplane/tables.ts";
import { ExitCode, type Handler } from "../command.ts";
import { serviceFilter } from "../service-filter.ts";
import { serviceText } from "../service-text.ts";
import { formatJson, formatTable } from "../table.ts";
import type { frontendsOptions } from "./options.ts";

/** Backends that fit one line; `-o json` has them all. */
const SHOWN_BACKENDS = 3;

export const runFrontends: Handler<typeof frontendsOptions> = async (values, terminal) => {
	const filter = serviceFilter(values);
	using dataplane = openPinnedDataplane(values.bpffs);
	const frontends = describeTables(dataplane.maps).filter(
		(view) => filter.owner(view) && filter.endpoint(view),
	);
	terminal.out(values.output === "json" ? formatJson({ frontends }) : formatFrontends(frontends));
	return ExitCode.OK;
};

function formatFrontends(frontends: readonly FrontendView[]): string {
	return formatTable(
		["SERVICE", "FRONTEND", "SCOPE", "BACKENDS", "ENDPOINTS"],
		frontends.map((view) => [
			serviceText(view),
			`${addressAndPort(view)}/${view.protocol}`,
			view.scope,
			String(view.backends.length),
			formatBackends(view.backends),
		]),
	);
}

function formatBackends(backends: FrontendView["backends"]): string {
	if (backends.length === 0) {
		return "none: connects are refused";
	}
	const shown = backends
		.slice(0, SHOWN_BACKENDS)
		.map((backend) => `${addressAndPort(backend)}${backend.state === "active" ? "" : ` (${backend.state})`}`);
	const more = backends.length - shown.length;
	return `${shown.join(", ")}${more > 0 ? ` + ${more} more` : ""}`;
}
