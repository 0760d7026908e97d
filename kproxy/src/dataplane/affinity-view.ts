import { writeAddress } from "bpf-loader";
import type { End } from "./flow-view.ts";
import type { Affinity, AffinityKey } from "./generated/sock_lb.ts";
import { monotonicNs, sinceMs } from "./monotonic.ts";
import type { ServiceMaps } from "./service-maps.ts";
import { type Mirror, readTables } from "./tables.ts";

/** One client that keeps a backend, as plain data. */
export interface AffinityView {
	/** Of the Service; empty where the service number means nothing. */
	namespace: string;
	name: string;
	portName: string;
	/** Address of a client whose packets were seen; undefined for sockets. */
	client: string | undefined;
	/** Cookie of the network namespace whose sockets dialled; undefined for packets. */
	netns: bigint | undefined;
	/** Undefined where its number means another endpoint by now: the client picks anew. */
	backend: End | undefined;
	/** Since the client last dialled, to a second. */
	idleMs: number;
	/** Until the client may go elsewhere; undefined where no frontend of the Service has affinity. */
	leftMs: number | undefined;
}

/** Every client that keeps a backend, the latest first. Cost: reads svc_affinity and the service maps once. */
export function describeAffinity(maps: ServiceMaps): AffinityView[] {
	const mirror = readTables(maps);
	const timeouts = new Map<number, number>();
	for (const { value } of mirror.frontends.values()) {
		if (value.affinityTimeoutS > 0) timeouts.set(value.service, value.affinityTimeoutS);
	}
	const nowNs = monotonicNs();
	return Array.from(maps.affinity.entries(), ([key, value]) =>
		describe(mirror, { key, value, timeoutS: timeouts.get(key.service), nowNs }),
	).sort((a, b) => a.idleMs - b.idleMs);
}

function describe(
	mirror: Mirror,
	of: { key: AffinityKey; value: Affinity; timeoutS: number | undefined; nowNs: bigint },
): AffinityView {
	const { key, value, timeoutS, nowNs } = of;
	const name = mirror.names.get(key.service);
	const cell = mirror.backends[value.backend];
	const idleMs = sinceMs(value.seenNs, nowNs);
	const netns = netnsOf(key.client);
	return {
		namespace: name?.namespace ?? "",
		name: name?.name ?? "",
		portName: name?.port ?? "",
		client: netns === undefined ? key.client : undefined,
		netns,
		backend: cell?.reuse === value.reuse ? { address: cell.address, port: cell.port } : undefined,
		idleMs,
		leftMs: timeoutS === undefined ? undefined : Math.max(0, timeoutS * 1000 - idleMs),
	};
}

const bytes = new DataView(new ArrayBuffer(16));

/** A socket's client stands in the last eight bytes of an address that begins with eight zeros; no client has such a one. */
function netnsOf(client: string): bigint | undefined {
	writeAddress(client, bytes, 0);
	return client.includes(":") && bytes.getBigUint64(0) === 0n ? bytes.getBigUint64(8) : undefined;
}
