import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { attachCgroup, type BpfObject, inNetworkNamespace, loadObject, openSpec } from "bpf-loader";
import { type Outcome, readOutcomes } from "../../src/dataplane/counters.ts";
import { type NodeMaps, openNodeMaps } from "../../src/dataplane/devices/node-maps.ts";
import { sealFrontend } from "../../src/dataplane/frontend-check.ts";
import {
	type Backend,
	BackendFlag,
	BackendState,
	type Frontend,
	type FrontendKey,
	type Names,
	Protocol,
} from "../../src/dataplane/generated/sock_lb.ts";
import { ownNetnsCookie } from "../../src/dataplane/own-netns.ts";
import { canSetErrno } from "../../src/dataplane/probe-tunables.ts";
import { objectPath, openServiceMaps, type ServiceMaps } from "../../src/dataplane/service-maps.ts";
import { createLab, type Lab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespaces.ts";
import { buildTool } from "../lab/tools.ts";

const CLIENT_SOURCE = fileURLToPath(new URL("sock-client.c", import.meta.url));
export const PORT = 80;
export const BACKEND_PORT = 8080;

/** The programs on the maps that a test fills, and two namespaces that share nothing but the cgroup of their clients. */
export interface Stage extends Disposable {
	lab: Lab;
	/** The node's own, as the programs are told. */
	namespace: Namespace;
	/** Another one: a pod's. */
	pod: Namespace;
	maps: ServiceMaps & NodeMaps;
	/** Runs `sock-client` through its steps, in the node's namespace unless told; every line that it prints. */
	client(steps: readonly string[], namespace?: Namespace): Promise<string[]>;
	/** How often each outcome came while `during` ran. */
	counted(during: () => Promise<unknown>): Promise<Outcome[]>;
	close(): void;
}

/**
 * `errno`: refuse with ECONNREFUSED where the kernel can, as the daemon does; otherwise with EPERM. `hostNetns`: which
 * namespace is the node's own; unless told that of `namespace`.
 */
export function createStage(
	name: string,
	{ errno, hostNetns }: { errno: boolean; hostNetns?: bigint },
): Stage {
	const lab = createLab(name);
	const namespace = lab.namespace("node");
	const pod = lab.namespace("pod");
	namespace.sysctl("net.ipv4.ping_group_range", 0);
	const object: BpfObject<Names> = loadObject<Names>(openSpec(objectPath), {
		variables: { refuse_with_errno: errno && canSetErrno(), host_netns: hostNetns ?? cookieOf(namespace) },
		maps: { svc_frontends: { maxEntries: 64 }, sock_reverse: { maxEntries: 1024 } },
	});
	const links = Object.values(object.programs).map((program) =>
		attachCgroup({ program, cgroup: lab.cgroups.clients }),
	);
	const maps = { ...openServiceMaps(object.maps), ...openNodeMaps(object.maps) };
	const binary = buildTool(CLIENT_SOURCE, lab.directory);
	const close = () => {
		for (const link of links) link.close();
		object.close();
		lab.close();
	};
	return {
		lab,
		namespace,
		pod,
		maps,
		client: (steps, where = namespace) => runClient({ lab, namespace: where, command: [binary, ...steps] }),
		counted: (during) => countOutcomes(maps, during),
		close,
		[Symbol.dispose]: close,
	};
}

/** What `bpf_get_netns_cookie` gives for sockets in there. */
export function cookieOf({ path }: Namespace): bigint {
	return inNetworkNamespace(path, ownNetnsCookie);
}

/** TCP and UDP servers on the loopback of a namespace, by their addresses; each answers with its name. */
export async function serveNames(
	{ lab }: Stage,
	{ namespace, servers }: { namespace: Namespace; servers: Readonly<Record<string, string>> },
): Promise<void> {
	const agent = await lab.agent(`server-${namespace.name}`, { namespace, cgroup: "others" });
	const addresses = Object.keys(servers);
	namespace.ip(
		addresses.map((address) => `addr add ${address} dev lo${address.includes(":") ? " nodad" : ""}`),
	);
	for (const protocol of ["TCP", "UDP"] as const) {
		const listen = ([address, name]: [string, string]) =>
			agent.listen({ protocol, port: BACKEND_PORT, address, name });
		await Promise.all(Object.entries(servers).map(listen));
	}
}

async function runClient(where: {
	lab: Lab;
	namespace: Namespace;
	command: readonly string[];
}): Promise<string[]> {
	const { lab, namespace, command } = where;
	const child = lab.spawn({ namespace, cgroup: "clients", command, stdio: ["ignore", "pipe", "inherit"] });
	if (child.stdout === null) throw new Error("the client has no stdout");
	const [printed, [status]] = await Promise.all([text(child.stdout), once(child, "exit")]);
	if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}`);
	return printed.trimEnd().split("\n");
}

async function countOutcomes(maps: ServiceMaps, during: () => Promise<unknown>): Promise<Outcome[]> {
	const before = readOutcomes(maps.counters);
	await during();
	return readOutcomes(maps.counters).flatMap((outcome) => {
		const { reason, hook, packets } = outcome;
		const earlier = before.find((each) => each.reason === reason && each.hook === hook)?.packets ?? 0n;
		return packets > earlier ? [{ ...outcome, packets: packets - earlier }] : [];
	});
}

/** Nobody at a socket is an external client. */
const NO_SLOTS = { first: 0, count: 0 };

/** A frontend for TCP and UDP, on a range of slots; a torn one has a check that does not fit. */
export interface TestFrontend extends Partial<Pick<Frontend, "service" | "affinityTimeoutS" | "flags">> {
	address: string;
	/** Unless told `PORT`. */
	port?: number;
	firstSlot: number;
	slotCount: number;
	torn?: boolean;
}

/** Writes a frontend's entries. */
export function setFrontend({ frontends }: ServiceMaps, options: TestFrontend): void {
	const { address, port = PORT, firstSlot, slotCount, torn = false } = options;
	const range = { first: firstSlot, count: slotCount };
	const value = {
		internal: range,
		external: NO_SLOTS,
		service: options.service ?? firstSlot + 1,
		affinityTimeoutS: options.affinityTimeoutS ?? 0,
		algorithm: 0,
		flags: options.flags ?? 0,
	} as const;
	const keys: FrontendKey[] = [Protocol.TCP, Protocol.UDP].map((protocol) => ({
		address,
		port,
		protocol,
	}));
	frontends.setAll(
		keys.map((key) => {
			const sealed = sealFrontend(key, value);
			return [key, torn ? { ...sealed, check: sealed.check ^ 1 } : sealed];
		}),
	);
}

/** An endpoint as svc_backends holds it. */
export function backendAt(address: string): Backend {
	return {
		address,
		port: BACKEND_PORT,
		protocol: Protocol.TCP,
		state: BackendState.ACTIVE,
		reuse: 0,
		flags: BackendFlag.ELSEWHERE,
	};
}
