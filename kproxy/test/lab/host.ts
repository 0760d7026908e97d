import type { Addresses } from "./addresses.ts";
import type { Agent, Flow, Stream } from "./agent.ts";
import { type Capture, type CaptureOptions, capture, inject, setOffload } from "./capture.ts";
import type { Lab } from "./lab.ts";
import type { Namespace } from "./namespaces.ts";
import type {
	Dial,
	DialManyOptions,
	DialOptions,
	ListenOptions,
	OpenOptions,
	StreamOptions,
} from "./protocol.ts";

/** Something with an address of each family: a node, a pod or a client. Its processes run in one namespace and cgroup. */
export interface Host extends Addresses {
	name: string;
	namespace: Namespace;
	/** Path of the cgroup that its agent runs in. */
	cgroup: string;
	/** The process that does the rest of what is here, started when first needed. */
	agent(): Promise<Agent>;
	/** Serves on both of its addresses, or on one that is told. */
	listen(options: Omit<ListenOptions, "address"> & { address?: string }): Promise<void>;
	dial(options: DialOptions): Promise<Dial>;
	dialMany(options: DialManyOptions): Promise<Dial[]>;
	/** A flow that lasts, to a server that echoes. */
	open(options: OpenOptions): Promise<Flow>;
	/** Datagrams from one socket, to a server that echoes. */
	stream(options: StreamOptions): Promise<Stream>;
	/** Starts to record what passes a device; `eth0` unless told. */
	capture(device?: string, options?: CaptureOptions): Promise<Capture>;
	/** Sends an Ethernet frame out of a device. */
	inject(frame: Uint8Array, device?: string): void;
	/** Whether its devices fill in checksums, as they do unless told, or the kernel does. */
	setOffload(on: boolean): void;
}

/** What a host is made of. */
export interface HostOptions extends Addresses {
	name: string;
	namespace: Namespace;
	cgroup: string;
}

/** A host in a namespace that is there already. */
export function createHost(lab: Lab, options: HostOptions): Host {
	const { name, namespace, cgroup, IPv4, IPv6 } = options;
	let started: Promise<Agent> | undefined;
	const agent = () => {
		started ??= lab.agent(name, { namespace, cgroup });
		return started;
	};
	const tool = () => ({ namespace, tool: lab.packetsTool() });
	return {
		name,
		namespace,
		cgroup,
		IPv4,
		IPv6,
		agent,
		async listen({ address, ...listening }) {
			const addresses = address === undefined ? [IPv4, IPv6] : [address];
			for (const address of addresses) await (await agent()).listen({ ...listening, address });
		},
		dial: async (dialling) => (await agent()).dial(dialling),
		dialMany: async (dialling) => (await agent()).dialMany(dialling),
		open: async (opening) => (await agent()).open(opening),
		stream: async (streaming) => (await agent()).stream(streaming),
		capture: (device = "eth0", capturing = {}) => capture(lab, { namespace, device, ...capturing }),
		inject: (frame, device = "eth0") => inject({ ...tool(), device, frame }),
		setOffload: (on) => setOffload({ ...tool(), on }),
	};
}
