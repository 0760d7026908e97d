import { describeFlows, type FlowView } from "../../dataplane/flow-view.ts";
import { openPinnedDataplane } from "../../dataplane/pinned-dataplane.ts";
import { addressAndPort } from "../../dataplane/tables.ts";
import { formatAge } from "../age.ts";
import { ExitCode, type Handler } from "../command.ts";
import { addressFilter, serviceFilter } from "../service-filter.ts";
import { serviceText } from "../service-text.ts";
import { formatJson, formatTable } from "../table.ts";
import type { conntrackOptions } from "./options.ts";

export const runConntrack: Handler<typeof conntrackOptions> = async (values, terminal) => {
	const filter = serviceFilter(values);
	const isClient = addressFilter("client", values.client);
	const isBackend = addressFilter("backend", values.backend);
	const isAsked = ({ state }: FlowView) =>
		values.state === undefined ? values.all || state !== "closed" : state === values.state;
	using dataplane = openPinnedDataplane(values.bpffs);
	const flows = describeFlows(dataplane.maps).filter(
		(flow) =>
			filter.owner(flow) &&
			filter.endpoint({ ...flow.frontend, protocol: flow.protocol }) &&
			isClient(flow.client.address) &&
			isBackend(flow.backend.address) &&
			isAsked(flow),
	);
	terminal.out(values.output === "json" ? formatJson({ flows }) : formatFlows(flows));
	return ExitCode.OK;
};

function formatFlows(flows: readonly FlowView[]): string {
	return formatTable(
		["PROTOCOL", "CLIENT", "FRONTEND", "BACKEND", "SEEN AS", "STATE", "AGE", "IDLE", "SERVICE"],
		flows.map((flow) => [
			flow.protocol,
			addressAndPort(flow.client),
			addressAndPort(flow.frontend),
			addressAndPort(flow.backend),
			flow.source === undefined ? "client" : addressAndPort(flow.source),
			flow.state,
			formatAge(flow.ageMs),
			formatAge(flow.idleMs),
			serviceText(flow),
		]),
	);
}
