import type { PodObject, PolicyProtocol } from "../../model/policy/objects.ts";
import { type NumbersOf, portNameKey } from "./compile-policy.ts";

/** The numbers that pods give to the names of their ports. */
export interface PortNames {
	/** Forgets what has changed. */
	begin(): void;
	/** Takes another state of a pod; undefined: it is not there. */
	replace(before: PodObject | undefined, now: PodObject | undefined): void;
	/** Whether a name, by `portNameKey`, has other numbers than at `begin`. */
	changed(key: string): boolean;
	numbers: NumbersOf;
}

/** Of no pods yet. */
export function createPortNames(): PortNames {
	const users = new Map<string, Map<number, number>>();
	let touched = new Map<string, string>();
	const spell = (key: string) => [...(users.get(key)?.keys() ?? [])].sort().join(",");
	function count(pod: PodObject | undefined, by: 1 | -1): void {
		if (!pod || pod.hostNetwork || pod.addresses.length === 0) return;
		for (const { name, protocol, port } of pod.ports) {
			const key = portNameKey(name, protocol);
			if (!touched.has(key)) touched.set(key, spell(key));
			const numbers = users.get(key) ?? new Map<number, number>();
			users.set(key, numbers);
			const left = (numbers.get(port) ?? 0) + by;
			if (left > 0) numbers.set(port, left);
			else numbers.delete(port);
		}
	}
	return {
		begin() {
			touched = new Map();
		},
		replace(before: PodObject | undefined, now: PodObject | undefined) {
			count(before, -1);
			count(now, 1);
		},
		changed: (key: string) => touched.has(key) && touched.get(key) !== spell(key),
		numbers: (name: string, protocol: PolicyProtocol): Iterable<number> =>
			users.get(portNameKey(name, protocol))?.keys() ?? [],
	};
}
