import { address4, address6 } from "../codec-address.ts";
import { Errno } from "../errno.ts";
import { UnsupportedError } from "../errors.ts";
import { failure } from "../failure.ts";
import { type NetlinkMessage, needBytes } from "./message.ts";
import { NetlinkSocket } from "./socket.ts";

/** One end of a connection. */
export interface SocketEnd {
	/** Address in canonical text; of a socket of IPv6 that talks IPv4 it is "a.b.c.d". */
	address: string;
	port: number;
}

/** A socket that some process has. */
export interface DiagSocket {
	/** Of the socket, not of the addresses. */
	family: "IPv4" | "IPv6";
	source: SocketEnd;
	/** The peer; an unspecified address where the socket has none. */
	destination: SocketEnd;
	/** Device that it is bound to; 0: none. */
	ifindex: number;
	/** What BPF programs get from `bpf_get_socket_cookie`. */
	cookie: bigint;
	/** `established`: it has a peer. */
	state: "established" | "unconnected";
}

/** Which sockets to list. */
export interface DiagQuery {
	family: "IPv4" | "IPv6";
	protocol: "UDP";
	/** Only those with a peer. */
	connected?: boolean;
}

/** Lists and destroys sockets of one network namespace, whoever has them. */
export interface SockDiag {
	/** Throws UnsupportedError where the kernel does not list such sockets. */
	list(query: DiagQuery): DiagSocket[];
	/**
	 * Ends a UDP socket's connection: its owner's next call, or the one it waits in, gives ECONNABORTED. False where it is
	 * gone, or another has its place. Throws UnsupportedError without CONFIG_INET_DIAG_DESTROY, PermissionError.
	 */
	destroy(socket: DiagSocket): boolean;
	close(): void;
	[Symbol.dispose](): void;
}

const netlinkSockDiag = 4;
const byFamily = 20;
const destroyRequest = 21;
const protocolUdp = 17;
const families = { IPv4: 2, IPv6: 10 } as const;
const stateEstablished = 1;
const anyState = 0xffff_ffff;
/** struct inet_diag_req_v2, and struct inet_diag_msg, whose struct inet_diag_sockid begins at 4. */
const requestSize = 56;
const answerSize = 72;

/** Opens the socket diagnosis of the network namespace that the thread is in now, and stays with it. Throws BpfError. */
export function openSockDiag(): SockDiag {
	const socket = new NetlinkSocket(netlinkSockDiag);
	return {
		list: (query) => listSockets(socket, query),
		destroy: (target) => destroySocket(socket, target),
		close: () => socket.close(),
		[Symbol.dispose]: () => socket.close(),
	};
}

function listSockets(socket: NetlinkSocket, { family, connected = false }: DiagQuery): DiagSocket[] {
	const body = new Uint8Array(requestSize);
	const view = new DataView(body.buffer);
	view.setUint8(0, families[family]);
	view.setUint8(1, protocolUdp);
	view.setUint32(4, connected ? 1 << stateEstablished : anyState, true);
	const object = `the ${family} UDP sockets`;
	const answered = socket.tryDump({ type: byFamily, body, object });
	if (typeof answered !== "number") return answered.flatMap(parseSocket);
	if (answered === Errno.ENOENT)
		throw unsupported("the list of UDP sockets", "CONFIG_INET_UDP_DIAG", answered);
	throw failure({ operation: "list", object }, answered);
}

/** The socket that an answer tells of. */
export function parseSocket({ type, body }: NetlinkMessage): DiagSocket[] {
	if (type !== byFamily) return [];
	needBytes(body, answerSize);
	const family = body.getUint8(0) === families.IPv6 ? ("IPv6" as const) : ("IPv4" as const);
	const codec = family === "IPv4" ? address4 : address6;
	return [
		{
			family,
			source: { address: codec.decode(body, 8), port: body.getUint16(4) },
			destination: { address: codec.decode(body, 24), port: body.getUint16(6) },
			ifindex: body.getUint32(40, true),
			cookie: body.getBigUint64(44, true),
			state: body.getUint8(1) === stateEstablished ? "established" : "unconnected",
		},
	];
}

/** The request to destroy a socket, which the kernel finds by both ends and then compares by cookie. */
export function encodeDestroy(target: DiagSocket): Uint8Array {
	const body = new Uint8Array(requestSize);
	const view = new DataView(body.buffer);
	const codec = target.family === "IPv4" ? address4 : address6;
	view.setUint8(0, families[target.family]);
	view.setUint8(1, protocolUdp);
	view.setUint32(4, anyState, true);
	view.setUint16(8, target.source.port);
	view.setUint16(10, target.destination.port);
	codec.encode(target.source.address, view, 12);
	codec.encode(target.destination.address, view, 28);
	view.setUint32(44, target.ifindex, true);
	view.setBigUint64(48, target.cookie, true);
	return body;
}

function destroySocket(socket: NetlinkSocket, target: DiagSocket): boolean {
	const object = `UDP socket ${target.cookie} to ${target.destination.address} port ${target.destination.port}`;
	const errno = socket.act({ type: destroyRequest, body: encodeDestroy(target), object });
	if (errno === 0) return true;
	if (errno === Errno.ENOENT || errno === Errno.ESTALE) return false;
	if (errno === Errno.EOPNOTSUPP) throw unsupported("socket destruction", "CONFIG_INET_DIAG_DESTROY", errno);
	throw failure({ operation: "destroy", object, needs: ["CAP_NET_ADMIN"] }, errno);
}

function unsupported(feature: string, option: string, errno: number): UnsupportedError {
	const hint = `a kernel with ${option}`;
	return new UnsupportedError(`this kernel does not have ${feature}: it needs ${hint}`, {
		code: "UNSUPPORTED",
		operation: "use",
		object: feature,
		feature,
		errno,
		hint,
	});
}
