import { openArray } from "bpf-maps";
import { type Backend, maps, Protocol } from "../../dataplane/generated/sock_lb.ts";
import type { Dataplane } from "../../dataplane/open-dataplane.ts";
import { readSockPeer } from "../../dataplane/sock-peer.ts";
import { destroyStaleSockets } from "../../dataplane/stale-sockets.ts";
import { protocolText } from "../../dataplane/tables.ts";
import type { Logger } from "../../serve/logger.ts";

/**
 * Ends connected UDP sockets that would go on sending to these backends: a client such as a resolver then connects again
 * and is sent to another. Said once: what keeps us from it, which is the same each time.
 */
export function createStaleSocketEnder(
	{ handles }: Dataplane,
	log: Logger,
): (retired: readonly Backend[]) => Promise<void> {
	const peers = openArray(handles.sock_peers, maps.sock_peers);
	const said = new Set<string>();
	return async (retired) => {
		const backends = retired
			.filter(({ protocol }) => protocol === Protocol.UDP)
			.map(({ address, port, protocol }) => ({ address, port, protocol: protocolText(protocol) }));
		if (backends.length === 0) return;
		const isOurs = (cookie: bigint, { port }: { port: number }) =>
			readSockPeer(peers, cookie, port) !== undefined;
		const { destroyed, namespaces, failures } = await destroyStaleSockets({ backends, isOurs });
		if (destroyed > 0) log.info({ destroyed, namespaces }, "ended UDP sockets of backends that are gone");
		for (const failure of failures) {
			const line = failure instanceof Error ? failure.message : String(failure);
			if (said.has(line)) continue;
			said.add(line);
			log.warn(`UDP sockets of backends that are gone may stay: ${line}`);
		}
	};
}
