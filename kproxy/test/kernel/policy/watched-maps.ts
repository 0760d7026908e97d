import type { MapTable } from "bpf-maps";
import type { PolicyMaps } from "../../../src/dataplane/policy-maps.ts";

/** What a packet looks at one entry at a time, so that it matters which of them has been written. */
const ONE_BY_ONE = ["peerAddresses", "peerClasses", "pods"] as const;

/** The same maps, and after each write a look at what there is then: `looks` gets what was written, in words. */
export function watchMaps(maps: PolicyMaps, looks: (wrote: string) => void): PolicyMaps {
	const watched = { ...maps, rules: watchTable(maps.rules, "policy_rules", looks) };
	for (const name of ONE_BY_ONE)
		Object.assign(watched, { [name]: splitTable<never, never>(maps[name] as never, looks) });
	return watched;
}

function watchTable<K, V>(
	table: MapTable<K, V>,
	name: string,
	looks: (wrote: string) => void,
): MapTable<K, V> {
	return derive(table, {
		setAll(entries) {
			table.setAll(entries);
			looks(`entries of ${name}`);
		},
		deleteAll(keys) {
			table.deleteAll(keys);
			looks(`deletions in ${name}`);
		},
	});
}

function splitTable<K, V>(table: MapTable<K, V>, looks: (wrote: string) => void): MapTable<K, V> {
	return derive(table, {
		setAll(entries) {
			for (const [key, value] of entries) {
				table.set(key, value);
				looks(`${table.name} ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
			}
		},
		deleteAll(keys) {
			for (const key of keys) if (table.delete(key)) looks(`${table.name} ${JSON.stringify(key)} deleted`);
		},
	});
}

/** A table whose methods are another one's but for some. */
function derive<K, V>(
	table: MapTable<K, V>,
	own: Pick<MapTable<K, V>, "setAll" | "deleteAll">,
): MapTable<K, V> {
	return new Proxy(table, {
		get(target, name) {
			if (name === "setAll" || name === "deleteAll") return own[name];
			const value = Reflect.get(target, name, target);
			return typeof value === "function" ? value.bind(target) : value;
		},
	});
}
