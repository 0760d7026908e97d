// Written by bpf2ts from sock_lb.bpf.o. Do not edit.
import { address6, array, be16, bool, type Codec, text, u8, u16, u32, u64 } from "bpf-loader";

/** `enum protocol`. */
export const Protocol = { TCP: 6, UDP: 17, SCTP: 132 } as const;
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

export const protocolCodec = u8 as Codec<Protocol>;

/** `enum backend_state`. */
export const BackendState = { FREE: 0, ACTIVE: 1, TERMINATING: 2 } as const;
export type BackendState = (typeof BackendState)[keyof typeof BackendState];

export const backendStateCodec = u8 as Codec<BackendState>;

/** `enum scope`. */
export const Scope = { INTERNAL: 0, EXTERNAL: 1 } as const;
export type Scope = (typeof Scope)[keyof typeof Scope];

export const scopeCodec = u8 as Codec<Scope>;

/** `enum algorithm`. */
export const Algorithm = { RANDOM: 0 } as const;
export type Algorithm = (typeof Algorithm)[keyof typeof Algorithm];

export const algorithmCodec = u8 as Codec<Algorithm>;

/** `enum reason`. */
export const Reason = {
	/** Passed with the address translated, to the backend or back to the frontend. */
	TRANSLATED: 0,
	/** Passed as it is: nothing serves this address, port and protocol. */
	NOT_FRONTEND: 1,
	/** Passed as it is: this peer was not reached through a frontend. */
	NOT_REMEMBERED: 2,
	/** Passed as it is: neither TCP nor UDP. */
	OTHER_PROTOCOL: 3,
	/** Refused: the frontend has no backend. */
	NO_BACKEND: 32,
	/** Refused: the frontend's range leads outside svc_slots. */
	SLOT_MISSING: 33,
	/** Refused: the slot names a backend that is free or outside svc_backends. */
	BACKEND_MISSING: 34,
	/** Refused: the backend is of the other IP family than the frontend. */
	WRONG_FAMILY: 35,
	/** Refused: twice in a row the frontend's entry did not fit its check. */
	FRONTEND_TORN: 36,
	REFUSED: 32,
	COUNT: 64,
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

export const reasonCodec = u8 as Codec<Reason>;

/** What the values of `enum reason` mean. */
export const reasonDocs = {
	TRANSLATED: "Passed with the address translated, to the backend or back to the frontend.",
	NOT_FRONTEND: "Passed as it is: nothing serves this address, port and protocol.",
	NOT_REMEMBERED: "Passed as it is: this peer was not reached through a frontend.",
	OTHER_PROTOCOL: "Passed as it is: neither TCP nor UDP.",
	NO_BACKEND: "Refused: the frontend has no backend.",
	SLOT_MISSING: "Refused: the frontend's range leads outside svc_slots.",
	BACKEND_MISSING: "Refused: the slot names a backend that is free or outside svc_backends.",
	WRONG_FAMILY: "Refused: the backend is of the other IP family than the frontend.",
	FRONTEND_TORN: "Refused: twice in a row the frontend's entry did not fit its check.",
} as const;

/** `enum hook`. */
export const Hook = {
	/** connect(), TCP and UDP. */
	CONNECT: 0,
	/** sendto() and sendmsg() with an address, UDP. */
	SENDMSG: 1,
	/** recvfrom() and recvmsg() that ask for the address, UDP. */
	RECVMSG: 2,
	/** getpeername(), and accept() that asks for the address. */
	GETPEERNAME: 3,
	COUNT: 8,
} as const;
export type Hook = (typeof Hook)[keyof typeof Hook];

export const hookCodec = u8 as Codec<Hook>;

/** What the values of `enum hook` mean. */
export const hookDocs = {
	CONNECT: "connect(), TCP and UDP.",
	SENDMSG: "sendto() and sendmsg() with an address, UDP.",
	RECVMSG: "recvfrom() and recvmsg() that ask for the address, UDP.",
	GETPEERNAME: "getpeername(), and accept() that asks for the address.",
} as const;

/** `enum direction`. */
export const Direction = { EGRESS: 0, INGRESS: 1, COUNT: 2 } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

export const directionCodec = u8 as Codec<Direction>;

export interface Counter {
	/** Connects, datagrams or packets, as the hook has it. */
	packets: bigint;
	/** 0 at the socket hooks, which do not see them. */
	bytes: bigint;
}

/** `struct counter`, 16 bytes. */
export const counterCodec: Codec<Counter> = {
	name: "struct counter",
	size: 16,
	encode(value, view, offset) {
		u64.encode(value.packets, view, offset, "counter.packets");
		u64.encode(value.bytes, view, offset + 8, "counter.bytes");
	},
	decode(view, offset) {
		return {
			packets: u64.decode(view, offset),
			bytes: u64.decode(view, offset + 8),
		};
	},
};

export interface Peer {
	/** Socket cookie; 0: nothing remembered. */
	cookie: bigint;
	/** What the socket dialled; IPv4 as ::ffff:a.b.c.d. */
	frontendAddress: string;
	frontendPort: number;
	/** Where it was pointed; valid while that is the peer. */
	backendPort: number;
	/** Digest of the backend's address. */
	backendDigest: number;
}

/** `struct peer`, 32 bytes. */
export const peerCodec: Codec<Peer> = {
	name: "struct peer",
	size: 32,
	encode(value, view, offset) {
		u64.encode(value.cookie, view, offset, "peer.cookie");
		address6.encode(value.frontendAddress, view, offset + 8, "peer.frontend_address");
		be16.encode(value.frontendPort, view, offset + 24, "peer.frontend_port");
		be16.encode(value.backendPort, view, offset + 26, "peer.backend_port");
		u32.encode(value.backendDigest, view, offset + 28, "peer.backend_digest");
	},
	decode(view, offset) {
		return {
			cookie: u64.decode(view, offset),
			frontendAddress: address6.decode(view, offset + 8),
			frontendPort: be16.decode(view, offset + 24),
			backendPort: be16.decode(view, offset + 26),
			backendDigest: u32.decode(view, offset + 28),
		};
	},
};

const peerx2 = array(peerCodec, 2);

export interface PeerSet {
	/** The one used last comes first. */
	way: readonly Peer[];
}

/** `struct peer_set`, 64 bytes. */
export const peerSetCodec: Codec<PeerSet> = {
	name: "struct peer_set",
	size: 64,
	encode(value, view, offset) {
		peerx2.encode(value.way, view, offset, "peer_set.way");
	},
	decode(view, offset) {
		return {
			way: peerx2.decode(view, offset),
		};
	},
};

export interface Endpoint {
	/** IPv4 as ::ffff:a.b.c.d. */
	address: string;
	port: number;
	reserved: number;
}

/** `struct endpoint`, 20 bytes. */
export const endpointCodec: Codec<Endpoint> = {
	name: "struct endpoint",
	size: 20,
	encode(value, view, offset) {
		address6.encode(value.address, view, offset, "endpoint.address");
		be16.encode(value.port, view, offset + 16, "endpoint.port");
		u16.encode(value.reserved, view, offset + 18, "endpoint.reserved");
	},
	decode(view, offset) {
		return {
			address: address6.decode(view, offset),
			port: be16.decode(view, offset + 16),
			reserved: u16.decode(view, offset + 18),
		};
	},
};

export interface ReverseKey {
	/** Socket cookie. */
	cookie: bigint;
	/** Where the datagram went, and the reply will come from. */
	backend: Endpoint;
	reserved: number;
}

/** `struct reverse_key`, 32 bytes. */
export const reverseKeyCodec: Codec<ReverseKey> = {
	name: "struct reverse_key",
	size: 32,
	encode(value, view, offset) {
		u64.encode(value.cookie, view, offset, "reverse_key.cookie");
		endpointCodec.encode(value.backend, view, offset + 8, "reverse_key.backend");
		u32.encode(value.reserved, view, offset + 28, "reverse_key.reserved");
	},
	decode(view, offset) {
		return {
			cookie: u64.decode(view, offset),
			backend: endpointCodec.decode(view, offset + 8),
			reserved: u32.decode(view, offset + 28),
		};
	},
};

export interface Backend {
	/** Address of the endpoint; IPv4 as ::ffff:a.b.c.d. */
	address: string;
	port: number;
	protocol: Protocol;
	state: BackendState;
	/** Grows each time the number is given to another endpoint. */
	reuse: number;
}

/** `struct backend`, 24 bytes. */
export const backendCodec: Codec<Backend> = {
	name: "struct backend",
	size: 24,
	encode(value, view, offset) {
		address6.encode(value.address, view, offset, "backend.address");
		be16.encode(value.port, view, offset + 16, "backend.port");
		protocolCodec.encode(value.protocol, view, offset + 18, "backend.protocol");
		backendStateCodec.encode(value.state, view, offset + 19, "backend.state");
		u32.encode(value.reuse, view, offset + 20, "backend.reuse");
	},
	decode(view, offset) {
		return {
			address: address6.decode(view, offset),
			port: be16.decode(view, offset + 16),
			protocol: protocolCodec.decode(view, offset + 18),
			state: backendStateCodec.decode(view, offset + 19),
			reuse: u32.decode(view, offset + 20),
		};
	},
};

export interface FrontendKey {
	/** Address that clients dial; IPv4 as ::ffff:a.b.c.d. */
	address: string;
	/** Port that clients dial. */
	port: number;
	protocol: Protocol;
	scope: Scope;
}

/** `struct frontend_key`, 20 bytes. */
export const frontendKeyCodec: Codec<FrontendKey> = {
	name: "struct frontend_key",
	size: 20,
	encode(value, view, offset) {
		address6.encode(value.address, view, offset, "frontend_key.address");
		be16.encode(value.port, view, offset + 16, "frontend_key.port");
		protocolCodec.encode(value.protocol, view, offset + 18, "frontend_key.protocol");
		scopeCodec.encode(value.scope, view, offset + 19, "frontend_key.scope");
	},
	decode(view, offset) {
		return {
			address: address6.decode(view, offset),
			port: be16.decode(view, offset + 16),
			protocol: protocolCodec.decode(view, offset + 18),
			scope: scopeCodec.decode(view, offset + 19),
		};
	},
};

export interface Frontend {
	/** First cell of the range in svc_slots. */
	firstSlot: number;
	/** Cells in the range; 0: no backend, connects are refused. */
	slotCount: number;
	/** Number of the service port in svc_names. */
	service: number;
	/** Seconds a client keeps its backend; 0: no affinity. */
	affinityTimeoutS: number;
	algorithm: Algorithm;
	flags: number;
	/** Of the key and all other fields: lib/frontend.h says how. */
	check: number;
}

/** `struct frontend`, 20 bytes. */
export const frontendCodec: Codec<Frontend> = {
	name: "struct frontend",
	size: 20,
	encode(value, view, offset) {
		u32.encode(value.firstSlot, view, offset, "frontend.first_slot");
		u32.encode(value.slotCount, view, offset + 4, "frontend.slot_count");
		u32.encode(value.service, view, offset + 8, "frontend.service");
		u32.encode(value.affinityTimeoutS, view, offset + 12, "frontend.affinity_timeout_s");
		algorithmCodec.encode(value.algorithm, view, offset + 16, "frontend.algorithm");
		u8.encode(value.flags, view, offset + 17, "frontend.flags");
		u16.encode(value.check, view, offset + 18, "frontend.check");
	},
	decode(view, offset) {
		return {
			firstSlot: u32.decode(view, offset),
			slotCount: u32.decode(view, offset + 4),
			service: u32.decode(view, offset + 8),
			affinityTimeoutS: u32.decode(view, offset + 12),
			algorithm: algorithmCodec.decode(view, offset + 16),
			flags: u8.decode(view, offset + 17),
			check: u16.decode(view, offset + 18),
		};
	},
};

const text64 = text(64);

export interface ServiceName {
	namespace: string;
	name: string;
	/** Name of the service port; empty where it has none. */
	port: string;
}

/** `struct service_name`, 192 bytes. */
export const serviceNameCodec: Codec<ServiceName> = {
	name: "struct service_name",
	size: 192,
	encode(value, view, offset) {
		text64.encode(value.namespace, view, offset, "service_name.namespace");
		text64.encode(value.name, view, offset + 64, "service_name.name");
		text64.encode(value.port, view, offset + 128, "service_name.port");
	},
	decode(view, offset) {
		return {
			namespace: text64.decode(view, offset),
			name: text64.decode(view, offset + 64),
			port: text64.decode(view, offset + 128),
		};
	},
};

/** Variables to set with `loadObject`; the program finds them constant. Bytes are made by their codec. */
export interface Tunables {
	/** Refuse with ECONNREFUSED; needs the helper bpf_set_retval. */
	refuse_with_errno?: boolean;
}

export const variables = {
	/** Refuse with ECONNREFUSED; needs the helper bpf_set_retval. */
	refuse_with_errno: {
		name: "refuse_with_errno",
		section: ".rodata",
		size: 1,
		codec: bool,
		doc: "Refuse with ECONNREFUSED; needs the helper bpf_set_retval.",
	},
} as const;

export const maps = {
	/** Outcomes: index is (reason * 8 + hook) * 2 + direction. */
	counters: {
		name: "counters",
		type: "percpu_array",
		maxEntries: 1024,
		flags: 0,
		key: u32,
		value: counterCodec,
		doc: "Outcomes: index is (reason * 8 + hook) * 2 + direction.",
	},
	/** State of the random numbers that pick backends; bpf_get_prandom_u32 costs 40 ns more. */
	random_state: {
		name: "random_state",
		type: "percpu_array",
		maxEntries: 1,
		flags: 0,
		key: u32,
		value: u64,
		doc: "State of the random numbers that pick backends; bpf_get_prandom_u32 costs 40 ns more.",
	},
	/** What each connected socket dialled; the set is picked by socket cookie. */
	sock_peers: {
		name: "sock_peers",
		type: "array",
		maxEntries: 131072,
		flags: 1024,
		key: u32,
		value: peerSetCodec,
		doc: "What each connected socket dialled; the set is picked by socket cookie.",
	},
	/** Frontend last dialled by an unconnected UDP socket, by its cookie and the backend. */
	sock_reverse: {
		name: "sock_reverse",
		type: "lru_hash",
		maxEntries: 262144,
		flags: 0,
		key: reverseKeyCodec,
		value: endpointCodec,
		doc: "Frontend last dialled by an unconnected UDP socket, by its cookie and the backend.",
	},
	/** Endpoint behind each backend number. */
	svc_backends: {
		name: "svc_backends",
		type: "array",
		maxEntries: 262144,
		flags: 1024,
		key: u32,
		value: backendCodec,
		doc: "Endpoint behind each backend number.",
	},
	/** What clients dial, and the range of slots that answers it. */
	svc_frontends: {
		name: "svc_frontends",
		type: "hash",
		maxEntries: 262144,
		flags: 0,
		key: frontendKeyCodec,
		value: frontendCodec,
		doc: "What clients dial, and the range of slots that answers it.",
	},
	/** Name of each service number; only userspace reads it, so that the CLI needs no daemon. */
	svc_names: {
		name: "svc_names",
		type: "hash",
		maxEntries: 262144,
		flags: 1,
		key: u32,
		value: serviceNameCodec,
		doc: "Name of each service number; only userspace reads it, so that the CLI needs no daemon.",
	},
	/** Backend number in each slot; a frontend owns or shares a range of them. */
	svc_slots: {
		name: "svc_slots",
		type: "array",
		maxEntries: 1048576,
		flags: 1024,
		key: u32,
		value: u32,
		doc: "Backend number in each slot; a frontend owns or shares a range of them.",
	},
} as const;

export const programs = {
	sock_connect4: {
		name: "sock_connect4",
		section: "cgroup/connect4",
		type: "cgroup_sock_addr",
	},
	sock_connect6: {
		name: "sock_connect6",
		section: "cgroup/connect6",
		type: "cgroup_sock_addr",
	},
	sock_getpeer4: {
		name: "sock_getpeer4",
		section: "cgroup/getpeername4",
		type: "cgroup_sock_addr",
	},
	sock_getpeer6: {
		name: "sock_getpeer6",
		section: "cgroup/getpeername6",
		type: "cgroup_sock_addr",
	},
	sock_recvmsg4: {
		name: "sock_recvmsg4",
		section: "cgroup/recvmsg4",
		type: "cgroup_sock_addr",
	},
	sock_recvmsg6: {
		name: "sock_recvmsg6",
		section: "cgroup/recvmsg6",
		type: "cgroup_sock_addr",
	},
	sock_sendmsg4: {
		name: "sock_sendmsg4",
		section: "cgroup/sendmsg4",
		type: "cgroup_sock_addr",
	},
	sock_sendmsg6: {
		name: "sock_sendmsg6",
		section: "cgroup/sendmsg6",
		type: "cgroup_sock_addr",
	},
} as const;

/** For `loadObject<Names>`: a misspelt name does not compile. */
export interface Names {
	programs: keyof typeof programs;
	maps: keyof typeof maps;
	variables: keyof typeof variables;
}
