import { isDeepStrictEqual } from "node:util";
import type { SocketEnd } from "bpf-loader";
import type { Table } from "bpf-maps";
import type { Peer, PeerSet } from "./generated/sock_lb.ts";

/** A record counts when it was read twice the same: programs write it meanwhile. */
const readTries = 4;

/**
 * The frontend that a connected socket dialled to reach a backend's port, by its cookie; undefined where it dialled none,
 * or where so many newer sockets came that the record is overwritten. `peers` is the map `sock_peers`.
 */
export function readSockPeer(
	peers: Pick<Table<number, PeerSet>, "get" | "maxEntries">,
	cookie: bigint,
	backendPort: number,
): SocketEnd | undefined {
	const index = Number(cookie & BigInt(peers.maxEntries - 1));
	const read = () => peers.get(index)?.way.find((way) => way.cookie === cookie && cookie !== 0n);
	let last: Peer | undefined;
	for (let tries = 0; tries < readTries; tries++) {
		const peer = read();
		if (peer !== undefined && isDeepStrictEqual(peer, last)) {
			return peer.backendPort === backendPort
				? { address: peer.frontendAddress, port: peer.frontendPort }
				: undefined;
		}
		last = peer;
	}
	return undefined;
}
