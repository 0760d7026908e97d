import { netnsCookie, openSockDiag } from "bpf-loader";
import { closeDescriptor } from "../../../loader/src/ffi/descriptor.ts";
import { lastErrno, lazily, libc } from "../../../loader/src/ffi/library.ts";
import { NetlinkSocket } from "../../../loader/src/netlink/socket.ts";
import { type Feature, refused } from "./feature.ts";
import type { Place } from "./place.ts";

const familyInet = 2;
const stream = 1;
const datagram = 2;
const raw = 3;
const protocolSctp = 132;
const protocolRaw = 255;

/** What the kernel has besides BPF that kproxy and its tests use. */
export const networkFeatures: readonly Feature[] = [
	{
		name: "cookie of the network namespace of a socket (SO_NETNS_COOKIE)",
		works: ({ inside }) => inside(() => netnsCookie() !== undefined),
	},
	{ name: "socket destruction by netlink", works: ({ inside }) => inside(destroysSocket) },
	{
		name: "SCTP sockets",
		works: ({ inside }) => inside(() => withSocket(stream, protocolSctp, () => true)),
	},
	{
		name: "bridge devices",
		works: (place) => addsDevice(place, "type", "bridge"),
	},
	{ name: "VLAN devices", works: (place) => addsOnVeth(place, "type", "vlan", "id", "5") },
	{ name: "WireGuard devices", works: (place) => addsDevice(place, "type", "wireguard") },
	{ name: "netkit devices", works: (place) => addsDevice(place, "type", "netkit") },
	{ name: "nftables", works: ({ inside }) => inside(answersNftables) },
	{ name: "IPVS", works: ({ inside }) => inside(answersIpvs) },
];

const calls = lazily(() => {
	const bind = (definition: string) => libc().func(definition);
	return {
		socket: bind("int socket(int family, int type, int protocol)"),
		connect: bind("int connect(int fd, const void *address, uint32_t length)"),
		getsockopt: bind("int getsockopt(int fd, int level, int option, void *value, void *length)"),
	};
});

function withSocket<Result>(type: number, protocol: number, use: (fd: number) => Result): Result {
	const fd: number = calls().socket(familyInet, type, protocol);
	if (fd < 0) throw refused("open", `a socket of protocol ${protocol}`, -lastErrno());
	try {
		return use(fd);
	} finally {
		closeDescriptor(fd);
	}
}

/** `struct sockaddr_in` of 127.0.0.1 port 9. */
const discard = Uint8Array.of(familyInet, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);

function destroysSocket(): boolean {
	return withSocket(datagram, 0, (fd) => {
		if (calls().connect(fd, discard, discard.length) < 0) throw refused("connect", "a socket", -lastErrno());
		using diagnosis = openSockDiag();
		const [socket] = diagnosis.list({ family: "IPv4", protocol: "UDP", connected: true });
		return socket !== undefined && diagnosis.destroy(socket);
	});
}

const netlinkNetfilter = 12;
const nftablesGetGeneration = (10 << 8) | 16;

function answersNftables(): boolean {
	using socket = new NetlinkSocket(netlinkNetfilter);
	const errno = socket.act({ type: nftablesGetGeneration, body: new Uint8Array(4), object: "nftables" });
	if (errno !== 0) throw refused("ask", "nftables", -errno);
	return true;
}

const levelIp = 0;
/** `IP_VS_SO_GET_VERSION`. */
const ipvsVersion = 64 + 1024 + 64;

function answersIpvs(): boolean {
	return withSocket(raw, protocolRaw, (fd) => {
		const status = calls().getsockopt(fd, levelIp, ipvsVersion, new Uint8Array(64), Uint32Array.of(64));
		if (status < 0) throw refused("ask", "IPVS", -lastErrno());
		return true;
	});
}

function addsDevice({ ip }: Place, ...kind: string[]): boolean {
	ip("link", "add", "tried0", ...kind);
	ip("link", "delete", "tried0");
	return true;
}

function addsOnVeth(place: Place, ...kind: string[]): boolean {
	place.ip("link", "add", "under0", "type", "veth", "peer", "name", "under1");
	try {
		place.ip("link", "add", "link", "under0", "name", "tried0", ...kind);
		return true;
	} finally {
		place.ip("link", "delete", "under0");
	}
}
