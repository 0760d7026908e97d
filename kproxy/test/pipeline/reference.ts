import { BackendState, type SlotRange } from "../../src/dataplane/generated/sock_lb.ts";
import { frontendText, isGuard } from "../../src/dataplane/tables.ts";
import type { ApiObject, EndpointSliceObject, ServiceObject } from "../../src/model/objects.ts";
import type { FakeTables } from "../dataplane/fake-tables.ts";

/** What is served: by frontend, its Service and port name, and the sorted backends, those that terminate with a `~`. */
export type Served = Map<string, { owner: string; backends: string[] }>;

/**
 * What should be served, computed from all objects at once in the most obvious way: the yardstick for everything
 * that the model and the plan do step by step.
 */
export function reference(objects: readonly ApiObject[]): Served {
	const served: Served = new Map();
	const active = new Set<string>();
	const services = objects.filter((object) => object.kind === "Service");
	const slices = objects.filter((object) => object.kind === "EndpointSlice");
	services.sort((a, b) => (a.name < b.name ? -1 : 1));
	for (const service of services) {
		for (const port of service.ports) {
			for (const address of service.clusterIPs) {
				const text = frontendAt(address, port);
				if (served.has(text)) continue;
				const { ready, dying } = endpointsOf(slices, { service, port, family: familyOf(address) });
				const backends = ready.size > 0 ? ready : new Set([...dying].map((endpoint) => `~${endpoint}`));
				for (const endpoint of ready) active.add(endpoint);
				served.set(text, { owner: `shop/${service.name}:${port.name}`, backends: [...backends] });
			}
		}
	}
	// A backend is one cell: active where any frontend calls it so.
	for (const entry of served.values()) {
		entry.backends = entry.backends.map((text) => (active.has(text.slice(1)) ? text.slice(1) : text)).sort();
	}
	return served;
}

type Port = ServiceObject["ports"][number];

function frontendAt(address: string, port: Port): string {
	return `${address.includes(":") ? `[${address}]` : address}:${port.port}/${port.protocol}`;
}

function familyOf(address: string): "IPv4" | "IPv6" {
	return address.includes(":") ? "IPv6" : "IPv4";
}

function endpointsOf(
	slices: readonly EndpointSliceObject[],
	{ service, port, family }: { service: ServiceObject; port: Port; family: "IPv4" | "IPv6" },
): { ready: Set<string>; dying: Set<string> } {
	const own = slices.filter((slice) => slice.service === service.name && slice.addressType === family);
	const all = own.flatMap(({ ports, endpoints }) => {
		const targets = ports.filter(({ name, protocol }) => name === port.name && protocol === port.protocol);
		return targets.flatMap((target) => endpoints.map((endpoint) => ({ target, endpoint })));
	});
	const text = ({ target, endpoint }: (typeof all)[number]) =>
		`${endpoint.addresses[0]} ${target.port}/${target.protocol}`;
	return {
		ready: new Set(all.filter(({ endpoint }) => endpoint.ready).map(text)),
		dying: new Set(
			all
				.filter(({ endpoint: { ready, serving, terminating } }) => !ready && serving && terminating)
				.map(text),
		),
	};
}

/** What the tables serve, read as the program in the kernel does. Throws for a hole. */
export function servedBy(tables: FakeTables): Served {
	const served: Served = new Map();
	for (const [key, value] of tables.frontends.entries()) {
		if (isGuard(key)) continue;
		const text = frontendText(key);
		const name = tables.names.get(value.service);
		if (name === undefined) throw new Error(`${text} has service number ${value.service}, which has no name`);
		const backends = dialled(tables, { text, range: value.internal });
		served.set(text, { owner: `${name.namespace}/${name.name}:${name.port}`, backends: backends.sort() });
	}
	return served;
}

/** The backends in a range of slots. Throws for a hole. */
export function dialled(
	tables: FakeTables,
	{ text, range: { first, count } }: { text: string; range: SlotRange },
): string[] {
	const protocol = text.split("/")[1];
	return Array.from({ length: count }, (_, i) => {
		const number = tables.slots.get(first + i) ?? 0;
		const cell = tables.backends.get(number);
		if (number === 0) throw new Error(`${text} leads to slot ${first + i}, which is free`);
		if (cell === undefined || cell.state === BackendState.FREE) {
			throw new Error(`${text} leads to backend ${number}, which is free`);
		}
		if ((cell.protocol === 6 ? "TCP" : "UDP") !== protocol)
			throw new Error(`${text} leads to protocol ${cell.protocol}`);
		return `${cell.state === BackendState.TERMINATING ? "~" : ""}${cell.address} ${cell.port}/${protocol}`;
	});
}
