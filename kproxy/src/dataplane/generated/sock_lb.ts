// Written by bpf2ts from sock_lb.bpf.o. Do not edit.
import {
	address6,
	array,
	be16,
	be32,
	bool,
	type Codec,
	text,
	u8,
	u16,
	u32,
	u64,
	writeZeros,
} from "bpf-loader";

/** `enum protocol`. */
export const Protocol = { ANY: 0, TCP: 6, UDP: 17, SCTP: 132 } as const;
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

export const protocolCodec = u8 as Codec<Protocol>;

/** `enum flow_flag`. */
export const FlowFlag = { OPEN: 0, FIN: 1, RST: 2, REPLIED: 4, OTHER_FIN: 8 } as const;
export type FlowFlag = (typeof FlowFlag)[keyof typeof FlowFlag];

export const flowFlagCodec = u8 as Codec<FlowFlag>;

/** `enum node_address_flag`. */
export const NodeAddressFlag = { PLAIN: 0, LOOPBACK: 1 } as const;
export type NodeAddressFlag = (typeof NodeAddressFlag)[keyof typeof NodeAddressFlag];

export const nodeAddressFlagCodec = u32 as Codec<NodeAddressFlag>;

/** `enum algorithm`. */
export const Algorithm = { RANDOM: 0 } as const;
export type Algorithm = (typeof Algorithm)[keyof typeof Algorithm];

export const algorithmCodec = u8 as Codec<Algorithm>;

/** `enum frontend_flag`. */
export const FrontendFlag = { PLAIN: 0, SOURCE_RANGES: 1, NODE_ALLOWED: 2, LOCAL_EXTERNAL: 4 } as const;
export type FrontendFlag = (typeof FrontendFlag)[keyof typeof FrontendFlag];

export const frontendFlagCodec = u8 as Codec<FrontendFlag>;

/** `enum pod_interface`. */
export const PodInterface = { UNKNOWN: 0, KNOWN: 1, CONTESTED: 2 } as const;
export type PodInterface = (typeof PodInterface)[keyof typeof PodInterface];

export const podInterfaceCodec = u32 as Codec<PodInterface>;

/** `enum pod_flag`. */
export const PodFlag = {
	PLAIN: 0,
	ISOLATED_EGRESS: 1,
	ISOLATED_INGRESS: 2,
	ANY_EGRESS: 4,
	ANY_INGRESS: 8,
} as const;
export type PodFlag = (typeof PodFlag)[keyof typeof PodFlag];

export const podFlagCodec = u8 as Codec<PodFlag>;

/** `enum policy_flag`. */
export const PolicyFlag = { OFF: 0, ENFORCED: 1, UNKNOWN_ALLOWED: 2, RECHECKED: 4, FLOWS_NOTED: 8 } as const;
export type PolicyFlag = (typeof PolicyFlag)[keyof typeof PolicyFlag];

export const policyFlagCodec = u8 as Codec<PolicyFlag>;

/** `enum backend_state`. */
export const BackendState = { FREE: 0, ACTIVE: 1, TERMINATING: 2, RETIRED: 3 } as const;
export type BackendState = (typeof BackendState)[keyof typeof BackendState];

export const backendStateCodec = u8 as Codec<BackendState>;

/** `enum backend_flag`. */
export const BackendFlag = { ELSEWHERE: 0, LOCAL: 1 } as const;
export type BackendFlag = (typeof BackendFlag)[keyof typeof BackendFlag];

export const backendFlagCodec = u8 as Codec<BackendFlag>;

/** `enum reason`. */
export const Reason = {
	/** Passed with the address translated, to the backend or back to the frontend. */
	TRANSLATED: 0,
	/** Passed as it is: nothing serves this address, port and protocol. */
	NOT_FRONTEND: 1,
	/** Passed as it is: this peer was not reached through a frontend. */
	NOT_REMEMBERED: 2,
	/** Passed as it is: no protocol that Services have. */
	OTHER_PROTOCOL: 3,
	/** Passed as it is: neither IPv4 nor IPv6. */
	NOT_IP: 4,
	/** Passed as it is: a VLAN tag; the VLAN device sees it without. */
	TAGGED: 5,
	/** Passed as it is: needs the client address, which only its packets have. */
	LEFT_TO_PACKETS: 6,
	/** Passed by policy: the first packet of a pod's flow. Only noted, not counted. */
	FLOW_ALLOWED: 7,
	/** Rejected: the frontend has no backend. */
	NO_BACKEND: 32,
	/** Dropped: the frontend's range leads outside svc_slots. */
	SLOT_MISSING: 33,
	/** Dropped: the slot names a backend that is free or outside svc_backends. */
	BACKEND_MISSING: 34,
	/** Dropped: the backend is of the other IP family than the frontend. */
	WRONG_FAMILY: 35,
	/** Dropped: twice in a row the frontend's entry did not fit its check. */
	FRONTEND_TORN: 36,
	/** Dropped: externalTrafficPolicy is Local and no endpoint is on this node. */
	NO_LOCAL_BACKEND: 37,
	/** Rejected: the ClusterIP has no such port. */
	NO_SUCH_PORT: 38,
	/** Dropped: no Service has this address of the service range. */
	NO_SUCH_SERVICE: 39,
	/** Dropped: the client is not in loadBalancerSourceRanges. */
	NOT_IN_RANGES: 40,
	/** Dropped: no free source port towards the backend. */
	NO_SNAT_PORT: 41,
	/** Dropped: no address of this node to send from. */
	NO_SNAT_ADDRESS: 42,
	/** Dropped: the flow could not be written into conntrack. */
	NOT_TRACKED: 43,
	/** Dropped: a fragment whose first one was not seen. */
	FRAGMENT_MISSED: 44,
	/** Dropped: headers cut short, or a checksum that cannot be made right. */
	BAD_PACKET: 45,
	/** Dropped: an ICMP redirect that would lead the client past this node. */
	HIDDEN_REDIRECT: 46,
	/** Refused: the port is the NodePort of a Service. */
	NODE_PORT_TAKEN: 47,
	/** Dropped: policies isolate the pod that sends, and none allows this. */
	POLICY_EGRESS: 48,
	/** Dropped: policies isolate the pod that is sent, and none allows this. */
	POLICY_INGRESS: 49,
	/** Dropped: the source is no address of the pod that sends. */
	SPOOFED_SOURCE: 50,
	/** Dropped: nothing is known of the pod behind the interface. */
	UNKNOWN_POD: 51,
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
	OTHER_PROTOCOL: "Passed as it is: no protocol that Services have.",
	NOT_IP: "Passed as it is: neither IPv4 nor IPv6.",
	TAGGED: "Passed as it is: a VLAN tag; the VLAN device sees it without.",
	LEFT_TO_PACKETS: "Passed as it is: needs the client address, which only its packets have.",
	FLOW_ALLOWED: "Passed by policy: the first packet of a pod's flow. Only noted, not counted.",
	NO_BACKEND: "Rejected: the frontend has no backend.",
	SLOT_MISSING: "Dropped: the frontend's range leads outside svc_slots.",
	BACKEND_MISSING: "Dropped: the slot names a backend that is free or outside svc_backends.",
	WRONG_FAMILY: "Dropped: the backend is of the other IP family than the frontend.",
	FRONTEND_TORN: "Dropped: twice in a row the frontend's entry did not fit its check.",
	NO_LOCAL_BACKEND: "Dropped: externalTrafficPolicy is Local and no endpoint is on this node.",
	NO_SUCH_PORT: "Rejected: the ClusterIP has no such port.",
	NO_SUCH_SERVICE: "Dropped: no Service has this address of the service range.",
	NOT_IN_RANGES: "Dropped: the client is not in loadBalancerSourceRanges.",
	NO_SNAT_PORT: "Dropped: no free source port towards the backend.",
	NO_SNAT_ADDRESS: "Dropped: no address of this node to send from.",
	NOT_TRACKED: "Dropped: the flow could not be written into conntrack.",
	FRAGMENT_MISSED: "Dropped: a fragment whose first one was not seen.",
	BAD_PACKET: "Dropped: headers cut short, or a checksum that cannot be made right.",
	HIDDEN_REDIRECT: "Dropped: an ICMP redirect that would lead the client past this node.",
	NODE_PORT_TAKEN: "Refused: the port is the NodePort of a Service.",
	POLICY_EGRESS: "Dropped: policies isolate the pod that sends, and none allows this.",
	POLICY_INGRESS: "Dropped: policies isolate the pod that is sent, and none allows this.",
	SPOOFED_SOURCE: "Dropped: the source is no address of the pod that sends.",
	UNKNOWN_POD: "Dropped: nothing is known of the pod behind the interface.",
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
	/** bind() of the node's own processes. */
	POST_BIND: 4,
	/** Packets on the node's devices. */
	NODE: 5,
	/** Packets on pod interfaces; ingress is what the pod sends. */
	POD: 6,
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
	POST_BIND: "bind() of the node's own processes.",
	NODE: "Packets on the node's devices.",
	POD: "Packets on pod interfaces; ingress is what the pod sends.",
} as const;

/** `enum direction`. */
export const Direction = { EGRESS: 0, INGRESS: 1, COUNT: 2 } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

export const directionCodec = u8 as Codec<Direction>;

export interface Prefix {
	/** With the bits outside the mask zero; IPv4 as ::ffff:a.b.c.d. */
	address: string;
	mask: string;
}

/** `struct prefix`, 32 bytes. */
export const prefixCodec: Codec<Prefix> = {
	name: "struct prefix",
	size: 32,
	encode(value, view, offset) {
		address6.encode(value.address, view, offset, "prefix.address");
		address6.encode(value.mask, view, offset + 16, "prefix.mask");
	},
	decode(view, offset) {
		return {
			address: address6.decode(view, offset),
			mask: address6.decode(view, offset + 16),
		};
	},
};

const prefixx4 = array(prefixCodec, 4);

export interface Cluster {
	/** Used cells of service_cidr. */
	serviceCidrs: number;
	/** Used cells of pod_cidr. */
	podCidrs: number;
	/** Where ClusterIPs are from: what no Service has is dropped. */
	serviceCidr: readonly Prefix[];
	/** Where pods of all nodes are from: internal clients, also of another node. */
	podCidr: readonly Prefix[];
}

/** `struct cluster`, 264 bytes. */
export const clusterCodec: Codec<Cluster> = {
	name: "struct cluster",
	size: 264,
	encode(value, view, offset) {
		u32.encode(value.serviceCidrs, view, offset, "cluster.service_cidrs");
		u32.encode(value.podCidrs, view, offset + 4, "cluster.pod_cidrs");
		prefixx4.encode(value.serviceCidr, view, offset + 8, "cluster.service_cidr");
		prefixx4.encode(value.podCidr, view, offset + 136, "cluster.pod_cidr");
	},
	decode(view, offset) {
		return {
			serviceCidrs: u32.decode(view, offset),
			podCidrs: u32.decode(view, offset + 4),
			serviceCidr: prefixx4.decode(view, offset + 8),
			podCidr: prefixx4.decode(view, offset + 136),
		};
	},
};

export interface Flow {
	/** IPv4 as ::ffff:a.b.c.d. */
	source: string;
	/** IPv4 as ::ffff:a.b.c.d. */
	destination: string;
	sourcePort: number;
	destinationPort: number;
	protocol: Protocol;
}

/** `struct flow`, 40 bytes. */
export const flowCodec: Codec<Flow> = {
	name: "struct flow",
	size: 40,
	encode(value, view, offset) {
		address6.encode(value.source, view, offset, "flow.source");
		address6.encode(value.destination, view, offset + 16, "flow.destination");
		be16.encode(value.sourcePort, view, offset + 32, "flow.source_port");
		be16.encode(value.destinationPort, view, offset + 34, "flow.destination_port");
		protocolCodec.encode(value.protocol, view, offset + 36, "flow.protocol");
		writeZeros(view, offset + 37, 3);
	},
	decode(view, offset) {
		return {
			source: address6.decode(view, offset),
			destination: address6.decode(view, offset + 16),
			sourcePort: be16.decode(view, offset + 32),
			destinationPort: be16.decode(view, offset + 34),
			protocol: protocolCodec.decode(view, offset + 36),
		};
	},
};

export interface FlowTarget {
	backendAddress: string;
	backendPort: number;
	/** Source port that the packets get; 0: they keep theirs. */
	snatPort: number;
	/** Backend number. */
	backend: number;
	/** Last packet, to a second, on CLOCK_MONOTONIC. */
	seenNs: bigint;
	/** Where the backend was found; the first place to look whether the frontend still has it. */
	slot: number;
	/** Reuse counter of the backend. */
	reuse: number;
	/** Any number of its bits. */
	flags: FlowFlag;
}

/** `struct flow_target`, 40 bytes. */
export const flowTargetCodec: Codec<FlowTarget> = {
	name: "struct flow_target",
	size: 40,
	encode(value, view, offset) {
		address6.encode(value.backendAddress, view, offset, "flow_target.backend_address");
		be16.encode(value.backendPort, view, offset + 16, "flow_target.backend_port");
		be16.encode(value.snatPort, view, offset + 18, "flow_target.snat_port");
		u32.encode(value.backend, view, offset + 20, "flow_target.backend");
		u64.encode(value.seenNs, view, offset + 24, "flow_target.seen_ns");
		u32.encode(value.slot, view, offset + 32, "flow_target.slot");
		u16.encode(value.reuse, view, offset + 36, "flow_target.reuse");
		flowFlagCodec.encode(value.flags, view, offset + 38, "flow_target.flags");
		view.setUint8(offset + 39, 0);
	},
	decode(view, offset) {
		return {
			backendAddress: address6.decode(view, offset),
			backendPort: be16.decode(view, offset + 16),
			snatPort: be16.decode(view, offset + 18),
			backend: u32.decode(view, offset + 20),
			seenNs: u64.decode(view, offset + 24),
			slot: u32.decode(view, offset + 32),
			reuse: u16.decode(view, offset + 36),
			flags: flowFlagCodec.decode(view, offset + 38),
		};
	},
};

export interface ReplyTarget {
	/** What the client dialled. */
	frontendAddress: string;
	clientAddress: string;
	/** Source address that the client's packets get; :: where they keep theirs. */
	snatAddress: string;
	frontendPort: number;
	clientPort: number;
	/** Any number of its bits. */
	flags: FlowFlag;
	/** First packet, on CLOCK_MONOTONIC. */
	createdNs: bigint;
	/** Last reply, to a second; 0: none yet. */
	seenNs: bigint;
}

/** `struct reply_target`, 72 bytes. */
export const replyTargetCodec: Codec<ReplyTarget> = {
	name: "struct reply_target",
	size: 72,
	encode(value, view, offset) {
		address6.encode(value.frontendAddress, view, offset, "reply_target.frontend_address");
		address6.encode(value.clientAddress, view, offset + 16, "reply_target.client_address");
		address6.encode(value.snatAddress, view, offset + 32, "reply_target.snat_address");
		be16.encode(value.frontendPort, view, offset + 48, "reply_target.frontend_port");
		be16.encode(value.clientPort, view, offset + 50, "reply_target.client_port");
		flowFlagCodec.encode(value.flags, view, offset + 52, "reply_target.flags");
		writeZeros(view, offset + 53, 3);
		u64.encode(value.createdNs, view, offset + 56, "reply_target.created_ns");
		u64.encode(value.seenNs, view, offset + 64, "reply_target.seen_ns");
	},
	decode(view, offset) {
		return {
			frontendAddress: address6.decode(view, offset),
			clientAddress: address6.decode(view, offset + 16),
			snatAddress: address6.decode(view, offset + 32),
			frontendPort: be16.decode(view, offset + 48),
			clientPort: be16.decode(view, offset + 50),
			flags: flowFlagCodec.decode(view, offset + 52),
			createdNs: u64.decode(view, offset + 56),
			seenNs: u64.decode(view, offset + 64),
		};
	},
};

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

export interface Device {
	/** Source of what is translated and leaves here, as ::ffff:a.b.c.d; :: where it has none. */
	ipv4: string;
	/** The same for IPv6. */
	ipv6: string;
}

/** `struct device`, 32 bytes. */
export const deviceCodec: Codec<Device> = {
	name: "struct device",
	size: 32,
	encode(value, view, offset) {
		address6.encode(value.ipv4, view, offset, "device.ipv4");
		address6.encode(value.ipv6, view, offset + 16, "device.ipv6");
	},
	decode(view, offset) {
		return {
			ipv4: address6.decode(view, offset),
			ipv6: address6.decode(view, offset + 16),
		};
	},
};

export interface EventHead {
	/** Events so far on this CPU: the sequence of the last. */
	written: bigint;
	/** Events beyond those that a second has room for. */
	leftOut: bigint;
	/** When the present second began. */
	secondNs: bigint;
	/** Events in it. */
	inSecond: bigint;
}

/** `struct event_head`, 32 bytes. */
export const eventHeadCodec: Codec<EventHead> = {
	name: "struct event_head",
	size: 32,
	encode(value, view, offset) {
		u64.encode(value.written, view, offset, "event_head.written");
		u64.encode(value.leftOut, view, offset + 8, "event_head.left_out");
		u64.encode(value.secondNs, view, offset + 16, "event_head.second_ns");
		u64.encode(value.inSecond, view, offset + 24, "event_head.in_second");
	},
	decode(view, offset) {
		return {
			written: u64.decode(view, offset),
			leftOut: u64.decode(view, offset + 8),
			secondNs: u64.decode(view, offset + 16),
			inSecond: u64.decode(view, offset + 24),
		};
	},
};

export interface Event {
	/** Counts up on each CPU from 1; 0: it is being written. */
	sequence: bigint;
	/** On CLOCK_MONOTONIC. */
	atNs: bigint;
	/** Of an ICMP error that of the packet inside, turned round; of a dial without its source. */
	flow: Flow;
	/** Whom policy has judged: behind a Service its backend; :: where policy has not. */
	peer: string;
	/** 0: a socket's dial. */
	ifindex: number;
	/** Of the pod, where policy has judged. */
	policySet: number;
	/** That let it pass; 0: none did, or nothing forbade it. */
	rule: number;
	/** Bytes of the packet. */
	length: number;
	peerPort: number;
	/** Number in reasons.h. */
	reason: number;
	/** Number in reasons.h. */
	hook: number;
	/** 0 egress, 1 ingress. */
	direction: number;
}

/** `struct event`, 96 bytes. */
export const eventCodec: Codec<Event> = {
	name: "struct event",
	size: 96,
	encode(value, view, offset) {
		u64.encode(value.sequence, view, offset, "event.sequence");
		u64.encode(value.atNs, view, offset + 8, "event.at_ns");
		flowCodec.encode(value.flow, view, offset + 16, "event.flow");
		address6.encode(value.peer, view, offset + 56, "event.peer");
		u32.encode(value.ifindex, view, offset + 72, "event.ifindex");
		u32.encode(value.policySet, view, offset + 76, "event.policy_set");
		u32.encode(value.rule, view, offset + 80, "event.rule");
		u32.encode(value.length, view, offset + 84, "event.length");
		be16.encode(value.peerPort, view, offset + 88, "event.peer_port");
		u8.encode(value.reason, view, offset + 90, "event.reason");
		u8.encode(value.hook, view, offset + 91, "event.hook");
		u8.encode(value.direction, view, offset + 92, "event.direction");
		writeZeros(view, offset + 93, 3);
	},
	decode(view, offset) {
		return {
			sequence: u64.decode(view, offset),
			atNs: u64.decode(view, offset + 8),
			flow: flowCodec.decode(view, offset + 16),
			peer: address6.decode(view, offset + 56),
			ifindex: u32.decode(view, offset + 72),
			policySet: u32.decode(view, offset + 76),
			rule: u32.decode(view, offset + 80),
			length: u32.decode(view, offset + 84),
			peerPort: be16.decode(view, offset + 88),
			reason: u8.decode(view, offset + 90),
			hook: u8.decode(view, offset + 91),
			direction: u8.decode(view, offset + 92),
		};
	},
};

export interface FragmentKey {
	source: string;
	destination: string;
	id: number;
	protocol: Protocol;
}

/** `struct fragment_key`, 40 bytes. */
export const fragmentKeyCodec: Codec<FragmentKey> = {
	name: "struct fragment_key",
	size: 40,
	encode(value, view, offset) {
		address6.encode(value.source, view, offset, "fragment_key.source");
		address6.encode(value.destination, view, offset + 16, "fragment_key.destination");
		be32.encode(value.id, view, offset + 32, "fragment_key.id");
		protocolCodec.encode(value.protocol, view, offset + 36, "fragment_key.protocol");
		writeZeros(view, offset + 37, 3);
	},
	decode(view, offset) {
		return {
			source: address6.decode(view, offset),
			destination: address6.decode(view, offset + 16),
			id: be32.decode(view, offset + 32),
			protocol: protocolCodec.decode(view, offset + 36),
		};
	},
};

export interface Ports {
	source: number;
	destination: number;
}

/** `struct ports`, 4 bytes. */
export const portsCodec: Codec<Ports> = {
	name: "struct ports",
	size: 4,
	encode(value, view, offset) {
		be16.encode(value.source, view, offset, "ports.source");
		be16.encode(value.destination, view, offset + 2, "ports.destination");
	},
	decode(view, offset) {
		return {
			source: be16.decode(view, offset),
			destination: be16.decode(view, offset + 2),
		};
	},
};

export interface Judgement {
	/** From the pod's side: its source is the pod. */
	flow: Flow;
	ifindex: number;
	/** Of the pod; 0: unknown. */
	policySet: number;
	/** That let a new flow pass; 0: nothing forbade it. */
	rule: number;
	opens: number;
	error: number;
	neighbour: number;
}

/** `struct judgement`, 56 bytes. */
export const judgementCodec: Codec<Judgement> = {
	name: "struct judgement",
	size: 56,
	encode(value, view, offset) {
		flowCodec.encode(value.flow, view, offset, "judgement.flow");
		u32.encode(value.ifindex, view, offset + 40, "judgement.ifindex");
		u32.encode(value.policySet, view, offset + 44, "judgement.policy_set");
		u32.encode(value.rule, view, offset + 48, "judgement.rule");
		u8.encode(value.opens, view, offset + 52, "judgement.opens");
		u8.encode(value.error, view, offset + 53, "judgement.error");
		u8.encode(value.neighbour, view, offset + 54, "judgement.neighbour");
		view.setUint8(offset + 55, 0);
	},
	decode(view, offset) {
		return {
			flow: flowCodec.decode(view, offset),
			ifindex: u32.decode(view, offset + 40),
			policySet: u32.decode(view, offset + 44),
			rule: u32.decode(view, offset + 48),
			opens: u8.decode(view, offset + 52),
			error: u8.decode(view, offset + 53),
			neighbour: u8.decode(view, offset + 54),
		};
	},
};

export interface SlotRange {
	/** First cell of the range in svc_slots. */
	first: number;
	/** Cells in the range; 0: no backend. */
	count: number;
}

/** `struct slot_range`, 8 bytes. */
export const slotRangeCodec: Codec<SlotRange> = {
	name: "struct slot_range",
	size: 8,
	encode(value, view, offset) {
		u32.encode(value.first, view, offset, "slot_range.first");
		u32.encode(value.count, view, offset + 4, "slot_range.count");
	},
	decode(view, offset) {
		return {
			first: u32.decode(view, offset),
			count: u32.decode(view, offset + 4),
		};
	},
};

export interface Frontend {
	/** For clients in the cluster. */
	internal: SlotRange;
	/** For clients from outside. */
	external: SlotRange;
	/** Number of the service port in svc_names; 0: a guard. */
	service: number;
	/** Seconds a client keeps its backend; 0: no affinity. */
	affinityTimeoutS: number;
	algorithm: Algorithm;
	/** Any number of its bits. */
	flags: FrontendFlag;
	/** Of the key and all other fields: lib/frontend.h says how. */
	check: number;
}

/** `struct frontend`, 28 bytes. */
export const frontendCodec: Codec<Frontend> = {
	name: "struct frontend",
	size: 28,
	encode(value, view, offset) {
		slotRangeCodec.encode(value.internal, view, offset, "frontend.internal");
		slotRangeCodec.encode(value.external, view, offset + 8, "frontend.external");
		u32.encode(value.service, view, offset + 16, "frontend.service");
		u32.encode(value.affinityTimeoutS, view, offset + 20, "frontend.affinity_timeout_s");
		algorithmCodec.encode(value.algorithm, view, offset + 24, "frontend.algorithm");
		frontendFlagCodec.encode(value.flags, view, offset + 25, "frontend.flags");
		u16.encode(value.check, view, offset + 26, "frontend.check");
	},
	decode(view, offset) {
		return {
			internal: slotRangeCodec.decode(view, offset),
			external: slotRangeCodec.decode(view, offset + 8),
			service: u32.decode(view, offset + 16),
			affinityTimeoutS: u32.decode(view, offset + 20),
			algorithm: algorithmCodec.decode(view, offset + 24),
			flags: frontendFlagCodec.decode(view, offset + 25),
			check: u16.decode(view, offset + 26),
		};
	},
};

export interface Opening {
	target: FlowTarget;
	reply: ReplyTarget;
	key: Flow;
	clientFlow: Flow;
	frontend: Frontend;
}

/** `struct opening`, 224 bytes. */
export const openingCodec: Codec<Opening> = {
	name: "struct opening",
	size: 224,
	encode(value, view, offset) {
		flowTargetCodec.encode(value.target, view, offset, "opening.target");
		replyTargetCodec.encode(value.reply, view, offset + 40, "opening.reply");
		flowCodec.encode(value.key, view, offset + 112, "opening.key");
		flowCodec.encode(value.clientFlow, view, offset + 152, "opening.client_flow");
		frontendCodec.encode(value.frontend, view, offset + 192, "opening.frontend");
		view.setUint32(offset + 220, 0);
	},
	decode(view, offset) {
		return {
			target: flowTargetCodec.decode(view, offset),
			reply: replyTargetCodec.decode(view, offset + 40),
			key: flowCodec.decode(view, offset + 112),
			clientFlow: flowCodec.decode(view, offset + 152),
			frontend: frontendCodec.decode(view, offset + 192),
		};
	},
};

export interface PeerAddress {
	generation: number;
	/** IPv4 as ::ffff:a.b.c.d. */
	address: string;
}

/** `struct peer_address`, 20 bytes. */
export const peerAddressCodec: Codec<PeerAddress> = {
	name: "struct peer_address",
	size: 20,
	encode(value, view, offset) {
		u32.encode(value.generation, view, offset, "peer_address.generation");
		address6.encode(value.address, view, offset + 4, "peer_address.address");
	},
	decode(view, offset) {
		return {
			generation: u32.decode(view, offset),
			address: address6.decode(view, offset + 4),
		};
	},
};

export interface PeerPrefix {
	/** Bits that count: 32 of the generation, and those of the address. */
	prefixLength: number;
	generation: number;
	/** IPv4 as ::ffff:a.b.c.d. */
	address: string;
}

/** `struct peer_prefix`, 24 bytes. */
export const peerPrefixCodec: Codec<PeerPrefix> = {
	name: "struct peer_prefix",
	size: 24,
	encode(value, view, offset) {
		u32.encode(value.prefixLength, view, offset, "peer_prefix.prefix_length");
		u32.encode(value.generation, view, offset + 4, "peer_prefix.generation");
		address6.encode(value.address, view, offset + 8, "peer_prefix.address");
	},
	decode(view, offset) {
		return {
			prefixLength: u32.decode(view, offset),
			generation: u32.decode(view, offset + 4),
			address: address6.decode(view, offset + 8),
		};
	},
};

const text64 = text(64);
const text256 = text(256);

export interface PodName {
	namespace: string;
	name: string;
}

/** `struct pod_name`, 320 bytes. */
export const podNameCodec: Codec<PodName> = {
	name: "struct pod_name",
	size: 320,
	encode(value, view, offset) {
		text64.encode(value.namespace, view, offset, "pod_name.namespace");
		text256.encode(value.name, view, offset + 64, "pod_name.name");
	},
	decode(view, offset) {
		return {
			namespace: text64.decode(view, offset),
			name: text256.decode(view, offset + 64),
		};
	},
};

export interface Pod {
	/** Host side of its interface. */
	ifindex: number;
	/** Number of its rule set; 0: no policy selects it. */
	policySet: number;
	/** Which peer_addresses and peer_classes its rule set goes with. */
	generation: number;
	/** Any number of its bits. */
	flags: PodFlag;
}

/** `struct pod`, 16 bytes. */
export const podCodec: Codec<Pod> = {
	name: "struct pod",
	size: 16,
	encode(value, view, offset) {
		u32.encode(value.ifindex, view, offset, "pod.ifindex");
		u32.encode(value.policySet, view, offset + 4, "pod.policy_set");
		u32.encode(value.generation, view, offset + 8, "pod.generation");
		podFlagCodec.encode(value.flags, view, offset + 12, "pod.flags");
		writeZeros(view, offset + 13, 3);
	},
	decode(view, offset) {
		return {
			ifindex: u32.decode(view, offset),
			policySet: u32.decode(view, offset + 4),
			generation: u32.decode(view, offset + 8),
			flags: podFlagCodec.decode(view, offset + 12),
		};
	},
};

export interface PolicyFlow {
	/** Last packet, to a second, on CLOCK_MONOTONIC. */
	seenNs: bigint;
	/** Host side of the pod's interface. */
	ifindex: number;
	/** policy_state's when it was judged. */
	epoch: number;
	/** Number of the rule that allows it; 0: nothing forbids it. */
	rule: number;
	/** Of its first packet, as the pod sees it. */
	direction: number;
}

/** `struct policy_flow`, 24 bytes. */
export const policyFlowCodec: Codec<PolicyFlow> = {
	name: "struct policy_flow",
	size: 24,
	encode(value, view, offset) {
		u64.encode(value.seenNs, view, offset, "policy_flow.seen_ns");
		u32.encode(value.ifindex, view, offset + 8, "policy_flow.ifindex");
		u32.encode(value.epoch, view, offset + 12, "policy_flow.epoch");
		u32.encode(value.rule, view, offset + 16, "policy_flow.rule");
		u8.encode(value.direction, view, offset + 20, "policy_flow.direction");
		writeZeros(view, offset + 21, 3);
	},
	decode(view, offset) {
		return {
			seenNs: u64.decode(view, offset),
			ifindex: u32.decode(view, offset + 8),
			epoch: u32.decode(view, offset + 12),
			rule: u32.decode(view, offset + 16),
			direction: u8.decode(view, offset + 20),
		};
	},
};

export interface PolicyName {
	namespace: string;
	name: string;
	/** Place in spec.ingress or spec.egress. */
	rule: number;
	/** As the pod sees it: 0 it sends, 1 it is sent; of a set's policy bits: 1 and 2. */
	direction: number;
}

/** `struct policy_name`, 328 bytes. */
export const policyNameCodec: Codec<PolicyName> = {
	name: "struct policy_name",
	size: 328,
	encode(value, view, offset) {
		text64.encode(value.namespace, view, offset, "policy_name.namespace");
		text256.encode(value.name, view, offset + 64, "policy_name.name");
		u16.encode(value.rule, view, offset + 320, "policy_name.rule");
		u8.encode(value.direction, view, offset + 322, "policy_name.direction");
		writeZeros(view, offset + 323, 5);
	},
	decode(view, offset) {
		return {
			namespace: text64.decode(view, offset),
			name: text256.decode(view, offset + 64),
			rule: u16.decode(view, offset + 320),
			direction: u8.decode(view, offset + 322),
		};
	},
};

export interface PolicyKey {
	/** Bits that count: 72 for all protocols, 80 for all ports of one, up to 96. */
	prefixLength: number;
	/** Number of the rule set. */
	policySet: number;
	/** What its peers share; 4294967295: every peer. */
	peerClass: number;
	/** As the pod sees it: 0 it sends, 1 it is sent. */
	direction: number;
	protocol: number;
	/** Destination port. */
	port: number;
}

/** `struct policy_key`, 16 bytes. */
export const policyKeyCodec: Codec<PolicyKey> = {
	name: "struct policy_key",
	size: 16,
	encode(value, view, offset) {
		u32.encode(value.prefixLength, view, offset, "policy_key.prefix_length");
		u32.encode(value.policySet, view, offset + 4, "policy_key.policy_set");
		u32.encode(value.peerClass, view, offset + 8, "policy_key.peer_class");
		u8.encode(value.direction, view, offset + 12, "policy_key.direction");
		u8.encode(value.protocol, view, offset + 13, "policy_key.protocol");
		be16.encode(value.port, view, offset + 14, "policy_key.port");
	},
	decode(view, offset) {
		return {
			prefixLength: u32.decode(view, offset),
			policySet: u32.decode(view, offset + 4),
			peerClass: u32.decode(view, offset + 8),
			direction: u8.decode(view, offset + 12),
			protocol: u8.decode(view, offset + 13),
			port: be16.decode(view, offset + 14),
		};
	},
};

export interface PolicyState {
	/** Grows with each change of policy. */
	epoch: number;
	/** The one that was written last. */
	generation: number;
	/**
	 * On CLOCK_MONOTONIC: connections that are met until then, their beginning unseen, are from before policy.
	 */
	adoptUntilNs: bigint;
	/** Any number of its bits. */
	flags: PolicyFlag;
}

/** `struct policy_state`, 24 bytes. */
export const policyStateCodec: Codec<PolicyState> = {
	name: "struct policy_state",
	size: 24,
	encode(value, view, offset) {
		u32.encode(value.epoch, view, offset, "policy_state.epoch");
		u32.encode(value.generation, view, offset + 4, "policy_state.generation");
		u64.encode(value.adoptUntilNs, view, offset + 8, "policy_state.adopt_until_ns");
		policyFlagCodec.encode(value.flags, view, offset + 16, "policy_state.flags");
		writeZeros(view, offset + 17, 7);
	},
	decode(view, offset) {
		return {
			epoch: u32.decode(view, offset),
			generation: u32.decode(view, offset + 4),
			adoptUntilNs: u64.decode(view, offset + 8),
			flags: policyFlagCodec.decode(view, offset + 16),
		};
	},
};

export interface SetPolicyKey {
	policySet: number;
	index: number;
}

/** `struct set_policy_key`, 8 bytes. */
export const setPolicyKeyCodec: Codec<SetPolicyKey> = {
	name: "struct set_policy_key",
	size: 8,
	encode(value, view, offset) {
		u32.encode(value.policySet, view, offset, "set_policy_key.policy_set");
		u32.encode(value.index, view, offset + 4, "set_policy_key.index");
	},
	decode(view, offset) {
		return {
			policySet: u32.decode(view, offset),
			index: u32.decode(view, offset + 4),
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
}

/** `struct endpoint`, 20 bytes. */
export const endpointCodec: Codec<Endpoint> = {
	name: "struct endpoint",
	size: 20,
	encode(value, view, offset) {
		address6.encode(value.address, view, offset, "endpoint.address");
		be16.encode(value.port, view, offset + 16, "endpoint.port");
		view.setUint16(offset + 18, 0);
	},
	decode(view, offset) {
		return {
			address: address6.decode(view, offset),
			port: be16.decode(view, offset + 16),
		};
	},
};

export interface ReverseKey {
	/** Socket cookie. */
	cookie: bigint;
	/** Where the datagram went, and the reply will come from. */
	backend: Endpoint;
}

/** `struct reverse_key`, 32 bytes. */
export const reverseKeyCodec: Codec<ReverseKey> = {
	name: "struct reverse_key",
	size: 32,
	encode(value, view, offset) {
		u64.encode(value.cookie, view, offset, "reverse_key.cookie");
		endpointCodec.encode(value.backend, view, offset + 8, "reverse_key.backend");
		view.setUint32(offset + 28, 0);
	},
	decode(view, offset) {
		return {
			cookie: u64.decode(view, offset),
			backend: endpointCodec.decode(view, offset + 8),
		};
	},
};

export interface AffinityKey {
	/** Address of the client; at socket hooks ::, with the netns cookie in the last 8 bytes. */
	client: string;
	/** Number of the service port. */
	service: number;
}

/** `struct affinity_key`, 20 bytes. */
export const affinityKeyCodec: Codec<AffinityKey> = {
	name: "struct affinity_key",
	size: 20,
	encode(value, view, offset) {
		address6.encode(value.client, view, offset, "affinity_key.client");
		u32.encode(value.service, view, offset + 16, "affinity_key.service");
	},
	decode(view, offset) {
		return {
			client: address6.decode(view, offset),
			service: u32.decode(view, offset + 16),
		};
	},
};

export interface Affinity {
	/** When the client last dialled, on CLOCK_MONOTONIC. */
	seenNs: bigint;
	/** Backend number. */
	backend: number;
	/** Where the backend was found; the first place to look whether the frontend still has it. */
	slot: number;
	/** Reuse counter of the backend; with another one the number means another endpoint. */
	reuse: number;
}

/** `struct affinity`, 24 bytes. */
export const affinityCodec: Codec<Affinity> = {
	name: "struct affinity",
	size: 24,
	encode(value, view, offset) {
		u64.encode(value.seenNs, view, offset, "affinity.seen_ns");
		u32.encode(value.backend, view, offset + 8, "affinity.backend");
		u32.encode(value.slot, view, offset + 12, "affinity.slot");
		u16.encode(value.reuse, view, offset + 16, "affinity.reuse");
		writeZeros(view, offset + 18, 6);
	},
	decode(view, offset) {
		return {
			seenNs: u64.decode(view, offset),
			backend: u32.decode(view, offset + 8),
			slot: u32.decode(view, offset + 12),
			reuse: u16.decode(view, offset + 16),
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
	/** Any number of its bits. */
	flags: BackendFlag;
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
		u16.encode(value.reuse, view, offset + 20, "backend.reuse");
		backendFlagCodec.encode(value.flags, view, offset + 22, "backend.flags");
		view.setUint8(offset + 23, 0);
	},
	decode(view, offset) {
		return {
			address: address6.decode(view, offset),
			port: be16.decode(view, offset + 16),
			protocol: protocolCodec.decode(view, offset + 18),
			state: backendStateCodec.decode(view, offset + 19),
			reuse: u16.decode(view, offset + 20),
			flags: backendFlagCodec.decode(view, offset + 22),
		};
	},
};

export interface FrontendKey {
	/** Address that clients dial; IPv4 as ::ffff:a.b.c.d. */
	address: string;
	/** Port that clients dial. */
	port: number;
	protocol: Protocol;
}

/** `struct frontend_key`, 20 bytes. */
export const frontendKeyCodec: Codec<FrontendKey> = {
	name: "struct frontend_key",
	size: 20,
	encode(value, view, offset) {
		address6.encode(value.address, view, offset, "frontend_key.address");
		be16.encode(value.port, view, offset + 16, "frontend_key.port");
		protocolCodec.encode(value.protocol, view, offset + 18, "frontend_key.protocol");
		view.setUint8(offset + 19, 0);
	},
	decode(view, offset) {
		return {
			address: address6.decode(view, offset),
			port: be16.decode(view, offset + 16),
			protocol: protocolCodec.decode(view, offset + 18),
		};
	},
};

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

export interface RangeKey {
	/** Bits of service and address that count: 32 and more. */
	prefixLength: number;
	/** Number of the service port. */
	service: number;
	/** IPv4 as ::ffff:a.b.c.d. */
	address: string;
}

/** `struct range_key`, 24 bytes. */
export const rangeKeyCodec: Codec<RangeKey> = {
	name: "struct range_key",
	size: 24,
	encode(value, view, offset) {
		u32.encode(value.prefixLength, view, offset, "range_key.prefix_length");
		u32.encode(value.service, view, offset + 4, "range_key.service");
		address6.encode(value.address, view, offset + 8, "range_key.address");
	},
	decode(view, offset) {
		return {
			prefixLength: u32.decode(view, offset),
			service: u32.decode(view, offset + 4),
			address: address6.decode(view, offset + 8),
		};
	},
};

/** Variables to set with `loadObject`; the program finds them constant. Bytes are made by their codec. */
export interface Tunables {
	/** Read the clock of the last tick; needs bpf_ktime_get_coarse_ns. */
	coarse_clock?: boolean;
	/** Cookie of the node's own network namespace. */
	host_netns?: bigint;
	/** Translate the source of every flow of the packet path. */
	masquerade_all?: boolean;
	/** First port of the NodePort range. */
	node_port_first?: number;
	/** Last port of the NodePort range. */
	node_port_last?: number;
	/** Refuse with ECONNREFUSED; needs the helper bpf_set_retval. */
	refuse_with_errno?: boolean;
	/** First source port for source translation. */
	snat_port_first?: number;
	/** Last source port for source translation. */
	snat_port_last?: number;
	/** Seconds after which a silent UDP flow is a new one. */
	udp_timeout_s?: number;
}

export const variables = {
	/** Read the clock of the last tick; needs bpf_ktime_get_coarse_ns. */
	coarse_clock: {
		name: "coarse_clock",
		section: ".rodata",
		size: 1,
		codec: bool,
		doc: "Read the clock of the last tick; needs bpf_ktime_get_coarse_ns.",
	},
	/** Cookie of the node's own network namespace. */
	host_netns: {
		name: "host_netns",
		section: ".rodata",
		size: 8,
		codec: u64,
		doc: "Cookie of the node's own network namespace.",
	},
	/** Translate the source of every flow of the packet path. */
	masquerade_all: {
		name: "masquerade_all",
		section: ".rodata",
		size: 1,
		codec: bool,
		doc: "Translate the source of every flow of the packet path.",
	},
	/** First port of the NodePort range. */
	node_port_first: {
		name: "node_port_first",
		section: ".rodata",
		size: 2,
		codec: u16,
		doc: "First port of the NodePort range.",
	},
	/** Last port of the NodePort range. */
	node_port_last: {
		name: "node_port_last",
		section: ".rodata",
		size: 2,
		codec: u16,
		doc: "Last port of the NodePort range.",
	},
	/** Refuse with ECONNREFUSED; needs the helper bpf_set_retval. */
	refuse_with_errno: {
		name: "refuse_with_errno",
		section: ".rodata",
		size: 1,
		codec: bool,
		doc: "Refuse with ECONNREFUSED; needs the helper bpf_set_retval.",
	},
	/** First source port for source translation. */
	snat_port_first: {
		name: "snat_port_first",
		section: ".rodata",
		size: 2,
		codec: u16,
		doc: "First source port for source translation.",
	},
	/** Last source port for source translation. */
	snat_port_last: {
		name: "snat_port_last",
		section: ".rodata",
		size: 2,
		codec: u16,
		doc: "Last source port for source translation.",
	},
	/** Seconds after which a silent UDP flow is a new one. */
	udp_timeout_s: {
		name: "udp_timeout_s",
		section: ".rodata",
		size: 4,
		codec: u32,
		doc: "Seconds after which a silent UDP flow is a new one.",
	},
} as const;

export const maps = {
	/** Address ranges of the cluster. */
	cluster: {
		name: "cluster",
		type: "array",
		maxEntries: 1,
		flags: 0,
		key: u32,
		value: clusterCodec,
		doc: "Address ranges of the cluster.",
	},
	/** Flows from clients to frontends, and where they go. */
	conntrack: {
		name: "conntrack",
		type: "lru_hash",
		maxEntries: 262144,
		flags: 0,
		key: flowCodec,
		value: flowTargetCodec,
		doc: "Flows from clients to frontends, and where they go.",
	},
	/** The same flows from the backend's side, and whose replies they are. */
	conntrack_reply: {
		name: "conntrack_reply",
		type: "lru_hash",
		maxEntries: 262144,
		flags: 0,
		key: flowCodec,
		value: replyTargetCodec,
		doc: "The same flows from the backend's side, and whose replies they are.",
	},
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
	/** Addresses of each device by its index, for source translation. */
	devices: {
		name: "devices",
		type: "hash",
		maxEntries: 4096,
		flags: 0,
		key: u32,
		value: deviceCodec,
		doc: "Addresses of each device by its index, for source translation.",
	},
	/** How far each CPU has written events. */
	event_heads: {
		name: "event_heads",
		type: "percpu_array",
		maxEntries: 1,
		flags: 0,
		key: u32,
		value: eventHeadCodec,
		doc: "How far each CPU has written events.",
	},
	/** What each CPU refused last, and new flows; the oldest is overwritten. */
	events: {
		name: "events",
		type: "percpu_array",
		maxEntries: 1024,
		flags: 0,
		key: u32,
		value: eventCodec,
		doc: "What each CPU refused last, and new flows; the oldest is overwritten.",
	},
	/**
	 * Ports of packets in fragments, which only the first fragment has; of ICMP the identifier and the type.
	 */
	fragments: {
		name: "fragments",
		type: "lru_hash",
		maxEntries: 8192,
		flags: 0,
		key: fragmentKeyCodec,
		value: portsCodec,
		doc: "Ports of packets in fragments, which only the first fragment has; of ICMP the identifier and the type.",
	},
	/** Room for the packet that a program is judging. */
	judging: {
		name: "judging",
		type: "percpu_array",
		maxEntries: 1,
		flags: 0,
		key: u32,
		value: judgementCodec,
		doc: "Room for the packet that a program is judging.",
	},
	/** Addresses of this node where NodePorts are dialled; bits of enum node_address_flag. */
	node_addresses: {
		name: "node_addresses",
		type: "hash",
		maxEntries: 1024,
		flags: 0,
		key: address6,
		value: nodeAddressFlagCodec,
		doc: "Addresses of this node where NodePorts are dialled; bits of enum node_address_flag.",
	},
	/** Room for the flow that a program is opening: its stack has too little. */
	opening: {
		name: "opening",
		type: "percpu_array",
		maxEntries: 1,
		flags: 0,
		key: u32,
		value: openingCodec,
		doc: "Room for the flow that a program is opening: its stack has too little.",
	},
	/** Every address of this node, which always reaches its pods. */
	own_addresses: {
		name: "own_addresses",
		type: "hash",
		maxEntries: 1024,
		flags: 0,
		key: address6,
		value: u32,
		doc: "Every address of this node, which always reaches its pods.",
	},
	/** Class of each pod's address, of all nodes; 0: no rule has it as a peer. */
	peer_addresses: {
		name: "peer_addresses",
		type: "hash",
		maxEntries: 131072,
		flags: 1,
		key: peerAddressCodec,
		value: u32,
		doc: "Class of each pod's address, of all nodes; 0: no rule has it as a peer.",
	},
	/** Class of each block of addresses, for what is no pod. */
	peer_classes: {
		name: "peer_classes",
		type: "lpm_trie",
		maxEntries: 131072,
		flags: 1,
		key: peerPrefixCodec,
		value: u32,
		doc: "Class of each block of addresses, for what is no pod.",
	},
	/** Interfaces that have a pod behind them, by index. */
	pod_interfaces: {
		name: "pod_interfaces",
		type: "hash",
		maxEntries: 4096,
		flags: 0,
		key: u32,
		value: podInterfaceCodec,
		doc: "Interfaces that have a pod behind them, by index.",
	},
	/** Pod of each address, of all nodes; only userspace reads it. */
	pod_names: {
		name: "pod_names",
		type: "hash",
		maxEntries: 131072,
		flags: 1,
		key: address6,
		value: podNameCodec,
		doc: "Pod of each address, of all nodes; only userspace reads it.",
	},
	/** Addresses of this node's pods, and the rules of each. */
	pods: {
		name: "pods",
		type: "hash",
		maxEntries: 4096,
		flags: 0,
		key: address6,
		value: podCodec,
		doc: "Addresses of this node's pods, and the rules of each.",
	},
	/** Flows of pods that were let pass, from the pod's side. */
	policy_flows: {
		name: "policy_flows",
		type: "lru_hash",
		maxEntries: 262144,
		flags: 0,
		key: flowCodec,
		value: policyFlowCodec,
		doc: "Flows of pods that were let pass, from the pod's side.",
	},
	/** Policy of each rule number; only userspace reads it. */
	policy_names: {
		name: "policy_names",
		type: "hash",
		maxEntries: 65536,
		flags: 1,
		key: u32,
		value: policyNameCodec,
		doc: "Policy of each rule number; only userspace reads it.",
	},
	/** What is allowed: rule set, class of the peer, direction, ports; and by which rule. */
	policy_rules: {
		name: "policy_rules",
		type: "lpm_trie",
		maxEntries: 524288,
		flags: 1,
		key: policyKeyCodec,
		value: u32,
		doc: "What is allowed: rule set, class of the peer, direction, ports; and by which rule.",
	},
	/** Whether policy is enforced, and how. */
	policy_state: {
		name: "policy_state",
		type: "array",
		maxEntries: 1,
		flags: 0,
		key: u32,
		value: policyStateCodec,
		doc: "Whether policy is enforced, and how.",
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
	/** New flows that each rule has allowed, by its number. */
	rule_hits: {
		name: "rule_hits",
		type: "hash",
		maxEntries: 65536,
		flags: 1,
		key: u32,
		value: u64,
		doc: "New flows that each rule has allowed, by its number.",
	},
	/** Policies that select the pods of a rule set; only userspace reads it. */
	set_policies: {
		name: "set_policies",
		type: "hash",
		maxEntries: 65536,
		flags: 1,
		key: setPolicyKeyCodec,
		value: policyNameCodec,
		doc: "Policies that select the pods of a rule set; only userspace reads it.",
	},
	/** How many source ports have been tried, by the low bits of the backend number. */
	snat_sequence: {
		name: "snat_sequence",
		type: "array",
		maxEntries: 4096,
		flags: 0,
		key: u32,
		value: u32,
		doc: "How many source ports have been tried, by the low bits of the backend number.",
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
	/** Backend that each client of a Service with affinity keeps. */
	svc_affinity: {
		name: "svc_affinity",
		type: "lru_hash",
		maxEntries: 65536,
		flags: 0,
		key: affinityKeyCodec,
		value: affinityCodec,
		doc: "Backend that each client of a Service with affinity keeps.",
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
	/** Clients that may dial the load-balancer addresses of a service number. */
	svc_ranges: {
		name: "svc_ranges",
		type: "lpm_trie",
		maxEntries: 65536,
		flags: 1,
		key: rangeKeyCodec,
		value: u32,
		doc: "Clients that may dial the load-balancer addresses of a service number.",
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
	sock_bind4: {
		name: "sock_bind4",
		section: "cgroup/post_bind4",
		type: "cgroup_sock",
	},
	sock_bind6: {
		name: "sock_bind6",
		section: "cgroup/post_bind6",
		type: "cgroup_sock",
	},
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
