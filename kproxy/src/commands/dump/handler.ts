import { openPinnedMap, type PlainValue } from "bpf-loader";
import { readAny } from "../../dataplane/any-map.ts";
import { pinLayout } from "../../dataplane/bpffs.ts";
import { maps } from "../../dataplane/generated/sock_lb.ts";
import { ExitCode, type Handler, usageError } from "../command.ts";
import { suggest } from "../suggest.ts";
import { formatJson } from "../table.ts";
import { formatEntries } from "./format-entries.ts";
import type { dumpOptions } from "./options.ts";

export const runDump: Handler<typeof dumpOptions, "map"> = async (values, terminal) => {
	using map = openPinnedMap(mapPath(values.map, values.bpffs));
	const entries: { key: PlainValue; value: PlainValue }[] = [];
	let more = false;
	for (const entry of readAny(map, { zeros: values.zeros })) {
		more = values.limit > 0 && entries.length === values.limit;
		if (more) {
			break;
		}
		entries.push(entry);
	}
	terminal.out(
		values.output === "json" ? formatJson({ map: map.name, entries, more }) : formatEntries(entries),
	);
	if (more && values.output === "table") {
		terminal.error(`only the first ${values.limit} entries: --limit 0 prints all\n`);
	}
	return ExitCode.OK;
};

/** Our maps go by their name; whatever has a slash is a path. */
function mapPath(map: string, bpffs: string): string {
	if (map.includes("/")) {
		return map;
	}
	const names = Object.keys(maps);
	if (!names.includes(map)) {
		const meant = suggest(map, names);
		throw usageError(
			`kproxy has no map ${JSON.stringify(map)}${meant ? `: did you mean ${meant}?` : `; it has ${names.join(", ")}`}`,
			meant === undefined ? "give the path of a pin for any other map" : undefined,
		);
	}
	return pinLayout(bpffs).map(map);
}
