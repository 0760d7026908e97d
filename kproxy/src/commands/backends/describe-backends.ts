import { BackendFlag, BackendState, type SlotRange } from "../../dataplane/generated/sock_lb.ts";
import { byAddress, stateText } from "../../dataplane/service-view.ts";
import { type Mirror, protocolText } from "../../dataplane/tables.ts";

/** A service port that uses a backend. */
export interface BackendService {
	namespace: string;
	name: string;
	portName: string;
}

/** One backend that the kernel knows. */
export interface BackendRow {
	/** Its cell in svc_backends. */
	number: number;
	address: string;
	port: number;
	protocol: string;
	/** `retired`: no Service has it any more, and its number waits to be free. */
	state: ReturnType<typeof stateText>;
	/** It is on this node. */
	local: boolean;
	/** Those that send it new flows, each once. */
	services: readonly BackendService[];
}

/** Every backend that is not free, sorted by address and port, with the Services whose frontends lead to it. */
export function describeBackends(mirror: Mirror): BackendRow[] {
	const users = servicesByBackend(mirror);
	const rows: BackendRow[] = [];
	for (const [number, backend] of mirror.backends.entries()) {
		if (backend === undefined || backend.state === BackendState.FREE) {
			continue;
		}
		rows.push({
			number,
			address: backend.address,
			port: backend.port,
			protocol: protocolText(backend.protocol),
			state: stateText(backend.state),
			local: (backend.flags & BackendFlag.LOCAL) !== 0,
			services: [...(users.get(number) ?? [])].map((service) => named(mirror, service)),
		});
	}
	return rows.sort((a, b) => byAddress(a, b) || (a.protocol < b.protocol ? -1 : 1));
}

/** Service numbers by backend number. */
function servicesByBackend(mirror: Mirror): Map<number, Set<number>> {
	const users = new Map<number, Set<number>>();
	const note = ({ first, count }: SlotRange, service: number) => {
		for (let slot = first; slot < first + count; slot++) {
			const number = mirror.slots[slot] ?? 0;
			const services = users.get(number) ?? new Set();
			users.set(number, services.add(service));
		}
	};
	for (const { value } of mirror.frontends.values()) {
		note(value.internal, value.service);
		note(value.external, value.service);
	}
	return users;
}

function named(mirror: Mirror, service: number): BackendService {
	const name = mirror.names.get(service);
	return { namespace: name?.namespace ?? "", name: name?.name ?? "", portName: name?.port ?? "" };
}
