import { setImmediate } from "node:timers/promises";
import {
	BpfError,
	type DiagSocket,
	inNetworkNamespace,
	openSockDiag,
	PermissionError,
	type SockDiag,
	type SocketEnd,
	UnsupportedError,
} from "bpf-loader";
import { listNetworkNamespaces, type NamespacePlaces, type NetworkNamespace } from "./network-namespaces.ts";

/** A backend that takes no more traffic; only those of UDP matter here. */
export interface GoneBackend extends SocketEnd {
	protocol: string;
}

/** Which sockets to destroy. */
export interface StaleSocketQuery {
	/** Addresses in canonical text. */
	backends: readonly GoneBackend[];
	/** Whether the socket with this cookie reached the peer through a frontend, which no longer leads there. */
	isOurs(cookie: bigint, peer: SocketEnd): boolean;
	places?: NamespacePlaces;
	/** Namespaces that are not visited by then are left out, which `failures` says. 10 000 by default. */
	timeoutMs?: number;
}

/** What was done; `namespaces` counts those that were visited. */
export interface StaleSocketResult {
	destroyed: number;
	namespaces: number;
	failures: unknown[];
}

/**
 * Ends connected UDP sockets that send to backends that are gone, in all network namespaces of the machine: the kernel
 * would send on for ever, as a UDP socket asks for its backend only when it connects. TCP finds out by itself.
 * Needs CAP_SYS_ADMIN and CAP_NET_ADMIN, and CAP_SYS_PTRACE to find the namespaces. Lets the event loop run meanwhile.
 */
export async function destroyStaleSockets(query: StaleSocketQuery): Promise<StaleSocketResult> {
	const gone = new Set(query.backends.filter(({ protocol }) => protocol === "UDP").map(endKey));
	if (gone.size === 0) return { destroyed: 0, namespaces: 0, failures: [] };
	const timeoutMs = query.timeoutMs ?? 10_000;
	const endAt = performance.now() + timeoutMs;
	const { namespaces, failures: listFailures } = listNetworkNamespaces(query.places);
	const result: StaleSocketResult = { destroyed: 0, namespaces: 0, failures: [...listFailures] };
	const isStale = ({ cookie, destination }: DiagSocket) =>
		gone.has(endKey(destination)) && query.isOurs(cookie, destination);
	for (const [index, namespace] of namespaces.entries()) {
		if (performance.now() >= endAt) {
			result.failures.push(outOfTime(namespaces.length - index, timeoutMs));
			break;
		}
		if (!(await destroyIn(namespace, isStale, result))) break;
		await setImmediate();
	}
	return result;
}

/** A socket of IPv6 that talks IPv4 has its peer's address as plain IPv4. */
const endKey = ({ address, port }: SocketEnd): string => `${address} ${port}`;

/** The event loop runs after so many; each takes about 20 µs. */
const atOnce = 256;

/** False where going on is of no use, as the kernel or this process has not what it takes. */
async function destroyIn(
	namespace: NetworkNamespace,
	isStale: (socket: DiagSocket) => boolean,
	result: StaleSocketResult,
): Promise<boolean> {
	try {
		using diag = openIn(namespace);
		if (diag === undefined) return true;
		result.namespaces++;
		for (const family of ["IPv4", "IPv6"] as const) {
			const stale = diag.list({ family, protocol: "UDP", connected: true }).filter(isStale);
			for (const [index, socket] of stale.entries()) {
				if (index % atOnce === atOnce - 1) await setImmediate();
				if (diag.destroy(socket)) result.destroyed++;
			}
		}
	} catch (error) {
		result.failures.push(error);
		return !(error instanceof UnsupportedError || error instanceof PermissionError);
	}
	return true;
}

/** Undefined where the namespace has gone since it was listed. */
function openIn({ paths }: NetworkNamespace): SockDiag | undefined {
	for (const path of paths) {
		try {
			return inNetworkNamespace(path, openSockDiag);
		} catch (error) {
			if (!(error instanceof BpfError) || error.code !== "NAMESPACE_MISSING") throw error;
		}
	}
	return undefined;
}

function outOfTime(left: number, timeoutMs: number): BpfError {
	return new BpfError(
		`cannot end all UDP sockets to backends that are gone: ${left} network namespaces were left after ${timeoutMs} ms`,
		{ code: "TIMEOUT", operation: "destroy", object: "UDP sockets to backends that are gone" },
	);
}
