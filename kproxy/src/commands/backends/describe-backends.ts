import { BackendState } from "../../dataplane/generated/sock_lb.ts";
import { byAddress } from "../../dataplane/service-view.ts";
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
	state: "active" | "terminating";
	/** Each once; none where the backend was given up and its number is not free yet. */
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
			state: backend.state === BackendState.TERMINATING ? "terminating" : "active",
			services: [...(users.get(number) ?? [])].map((service) => named(mirror, service)),
		});
	}
	return rows.sort((a, b) => byAddress(a, b) || (a.protocol < b.protocol ? -1 : 1));
}

/** Service numbers by backend number. */
function servicesByBackend(mirror: Mirror): Map<number, Set<number>> {
	const users = new Map<number, Set<number>>();
	for (const { value } of mirror.frontends.values()) {
		for (let slot = value.firstSlot; slot < value.firstSlot + value.slotCount; slot++) {
			const number = mirror.slots[slot] ?? 0;
			const services = users.get(number) ?? new Set();
			users.set(number, services.add(value.service));
		}
	}
	return users;
}

function named(mirror: Mirror, service: number): BackendService {
	const name = mirror.names.get(service);
	return { namespace: name?.namespace ?? "", name: name?.name ?? "", portName: name?.port ?? "" };
}
