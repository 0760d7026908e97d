import { openPinnedDataplane } from "../../dataplane/pinned-dataplane.ts";
import { describeTables, type FrontendView } from "../../dataplane/service-view.ts";
import { addressAndPort, isEveryAddress } from "../../dataplane/tables.ts";
import { ExitCode, type Handler } from "../command.ts";
import { serviceFilter } from "../service-filter.ts";
import { serviceText } from "../service-text.ts";
import { formatJson, formatTable } from "../table.ts";
import type { frontendsOptions } from "./options.ts";

/** Backends that fit one line; `-o json` has them all. */
const SHOWN_BACKENDS = 3;
const SHOWN_CIDRS = 2;

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
		["SERVICE", "FRONTEND", "EXTERNAL", "AFFINITY", "CLIENTS", "BACKENDS", "ENDPOINTS"],
		frontends.map((view) => [
			serviceText(view),
			formatAddress(view),
			view.externalPolicy === "Local" ? "local" : "all",
			view.affinityTimeoutS === 0 ? "none" : `${view.affinityTimeoutS} s`,
			formatClients(view),
			String(view.backends.length),
			formatBackends(view.backends),
		]),
	);
}

/** A NodePort is dialled at every address of the node. */
function formatAddress(view: FrontendView): string {
	const { address, port, protocol } = view;
	if (!isEveryAddress(address)) return `${addressAndPort(view)}/${protocol}`;
	return `NodePort ${port}/${protocol} ${address === "::" ? "IPv6" : "IPv4"}`;
}

function formatClients({ sourceRanges, nodeAllowed }: FrontendView): string {
	if (sourceRanges === undefined) return "any";
	const all = [...sourceRanges, ...(nodeAllowed ? ["this node"] : [])];
	return all.length > SHOWN_CIDRS
		? `${all.slice(0, SHOWN_CIDRS).join(", ")} + ${all.length - SHOWN_CIDRS} more`
		: all.join(", ");
}

function formatBackends(backends: FrontendView["backends"]): string {
	if (backends.length === 0) {
		return "none: dials are rejected";
	}
	const shown = backends.slice(0, SHOWN_BACKENDS).map((backend) => {
		const about = aboutBackend(backend);
		return `${addressAndPort(backend)}${about.length === 0 ? "" : ` (${about.join(", ")})`}`;
	});
	const more = backends.length - shown.length;
	return `${shown.join(", ")}${more > 0 ? ` + ${more} more` : ""}`;
}

/** What is out of the ordinary: a backend is active, elsewhere, and for all clients. */
function aboutBackend({ state, local, internal, external }: FrontendView["backends"][number]): string[] {
	return [
		...(state === "active" ? [] : [state]),
		...(local ? ["local"] : []),
		...(internal ? [] : ["external only"]),
		...(external ? [] : ["internal only"]),
	];
}
