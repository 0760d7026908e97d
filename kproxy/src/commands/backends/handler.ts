import { openPinnedDataplane } from "../../dataplane/pinned-dataplane.ts";
import { addressAndPort, readTables } from "../../dataplane/tables.ts";
import { ExitCode, type Handler } from "../command.ts";
import { serviceFilter } from "../service-filter.ts";
import { serviceText } from "../service-text.ts";
import { formatJson, formatTable } from "../table.ts";
import { type BackendRow, describeBackends } from "./describe-backends.ts";
import type { backendsOptions } from "./options.ts";

export const runBackends: Handler<typeof backendsOptions> = async (values, terminal) => {
	const filter = serviceFilter(values);
	using dataplane = openPinnedDataplane(values.bpffs);
	const backends = describeBackends(readTables(dataplane.maps)).filter(
		(row) =>
			filter.endpoint(row) && (!filter.asksOwner || row.services.some((service) => filter.owner(service))),
	);
	terminal.out(values.output === "json" ? formatJson({ backends }) : formatBackends(backends));
	return ExitCode.OK;
};

function formatBackends(backends: readonly BackendRow[]): string {
	return formatTable(
		["BACKEND", "STATE", "NODE", "NUMBER", "SERVICES"],
		backends.map((row) => [
			`${addressAndPort(row)}/${row.protocol}`,
			row.state,
			row.local ? "this" : "other",
			String(row.number),
			row.services.length === 0 ? "none: takes no new flows" : row.services.map(serviceText).join(", "),
		]),
	);
}
