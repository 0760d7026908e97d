/** What is in a frame, as a test asks about it. */
export interface Packet {
	ethernet: { source: string; destination: string; type: number };
	vlan?: number;
	ip?: IpHeader;
	tcp?: TcpHeader;
	udp?: { sourcePort: number; destinationPort: number; checksum: number };
	icmp?: IcmpMessage;
	/** What TCP, UDP or an ICMP echo carries. */
	payload?: Buffer;
	/** Of TCP, UDP or ICMP, over the whole packet; undefined in a fragment. A UDP checksum of zero over IPv4 is right. */
	checksumRight?: boolean;
}

/** IPv4 or IPv6; the checksum of IPv6 is always right as it has none. */
export interface IpHeader {
	version: 4 | 6;
	source: string;
	destination: string;
	/** TTL or hop limit. */
	ttl: number;
	protocol: number;
	dontFragment: boolean;
	/** In bytes; with `moreFragments` or above 0 this is a fragment. */
	fragmentOffset: number;
	moreFragments: boolean;
	checksumRight: boolean;
}

/** Ports, numbers and flags; `flags` are letters such as `SA`, of FSRPAUEC. */
export interface TcpHeader {
	sourcePort: number;
	destinationPort: number;
	sequence: number;
	acknowledgement: number;
	flags: string;
	window: number;
}

/** An ICMP or ICMPv6 message, and for an error what it quotes. */
export interface IcmpMessage {
	type: number;
	code: number;
	/** Next-hop MTU of a packet-too-big or fragmentation-needed error. */
	mtu?: number;
	inner?: Omit<Packet, "ethernet">;
}
