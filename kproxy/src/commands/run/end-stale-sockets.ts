import { setTimeout } from "node:timers/promises";
import type { SocketEnd } from "bpf-loader";
import { openArray } from "bpf-maps";
import { type Backend, maps, Protocol } from "../../dataplane/generated/sock_lb.ts";
import type { Dataplane } from "../../dataplane/open-dataplane.ts";
import { readSockPeer } from "../../dataplane/sock-peer.ts";
import { destroyStaleSockets } from "../../dataplane/stale-sockets.ts";
import { addressAndPort, protocolText } from "../../dataplane/tables.ts";
import type { Pipeline } from "../../pipeline.ts";
import type { Logger } from "../../serve/logger.ts";

/** What was asked of a backend that still runs is answered first: its socket must not be ended in between. */
const ANSWERS_MS = 250;

/**
 * Ends connected UDP sockets whose frontend no longer leads to their backend, of these: a client such as a resolver then
 * connects again and is sent to another. What keeps us from it is the same each time, and said once.
 */
export function createStaleSocketEnder(
	{ handles }: Dataplane,
	{ log, leadsTo }: { log: Logger; leadsTo: Pipeline["leadsTo"] },
): (left: readonly Backend[]) => Promise<void> {
	const peers = openArray(handles.sock_peers, maps.sock_peers);
	const said = new Set<string>();
	return async (left) => {
		const backends = left.map(({ address, port, protocol }) => ({
			address,
			port,
			protocol: protocolText(protocol),
		}));
		if (backends.length === 0) return;
		await setTimeout(ANSWERS_MS, undefined, { ref: false });
		// Many sockets, few pairs of frontend and backend.
		const known = new Map<string, boolean>();
		const isOurs = (cookie: bigint, peer: SocketEnd) => {
			const dialled = readSockPeer(peers, cookie, peer.port);
			if (dialled === undefined) return false;
			const pair = `${addressAndPort(dialled)} ${addressAndPort(peer)}`;
			const leads = known.get(pair) ?? leadsTo({ ...dialled, protocol: Protocol.UDP }, peer);
			known.set(pair, leads);
			return !leads;
		};
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
