import { pollReadable } from "../ffi/map.ts";
import type { NetlinkMessage } from "./message.ts";
import { isDefaultRoute, type NetworkSnapshot, netlinkRoute, readNetworkThrough } from "./network.ts";
import { NetlinkSocket } from "./socket.ts";

/** What `watchNetwork` calls, and how long it waits for a burst of changes to end. */
export interface NetworkWatchOptions {
	/** Gets the state after each burst of changes; not the one at the beginning, which `readNetwork` gives. */
	onChange(snapshot: NetworkSnapshot): void;
	/** Gets what went wrong in reading; the watch goes on. */
	onError(error: unknown): void;
	/** A burst is over when nothing came for so long, or after ten times that. 20 by default. */
	quietMs?: number;
}

/** A running watch. */
export interface NetworkWatch {
	/** Ends it at once: nothing is called after this. */
	close(): void;
	[Symbol.dispose](): void;
}

/** Bits of RTNLGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR and IPV6_ROUTE, which are numbers 1, 5, 7, 9 and 11. */
const groups = (1 << 0) | (1 << 4) | (1 << 6) | (1 << 8) | (1 << 10);
const routeTypes = new Set([24, 25]);
const longestBurst = 10;

/**
 * Watches devices, addresses and default routes of the network namespace that the thread is in now, and stays with it.
 * Other routes are not looked at: a router may change thousands a second. Throws BpfError where it cannot begin.
 */
export function watchNetwork(options: NetworkWatchOptions): NetworkWatch {
	const { onChange, onError, quietMs = 20 } = options;
	const events = new NetlinkSocket(netlinkRoute, groups);
	const requests = openOrClose(events);
	const burst = burstTimer(quietMs, () => {
		const snapshot = attempt(() => readNetworkThrough(requests), onError);
		if (snapshot !== undefined) onChange(snapshot);
	});
	const drain = () => {
		const changed = attempt(() => drainEvents(events), onError);
		if (changed !== false) burst.extend();
	};
	const poll = pollThroughErrors(events.fd, drain);
	const close = () => {
		burst.cancel();
		poll.close();
		events.close();
		requests.close();
	};
	return { close, [Symbol.dispose]: close };
}

/** The socket to ask through is of the same namespace, wherever the thread is later. */
function openOrClose(events: NetlinkSocket): NetlinkSocket {
	try {
		return new NetlinkSocket(netlinkRoute);
	} catch (error) {
		events.close();
		throw error;
	}
}

/** Takes all that has come; true where something of it matters, or may have been lost. */
function drainEvents(events: NetlinkSocket): boolean {
	for (let changed = false; ; ) {
		const received = events.receive();
		if (received === "nothing") return changed;
		changed ||= received === "overrun" || received.messages.some(matters);
	}
}

function matters({ type, body }: NetlinkMessage): boolean {
	return !routeTypes.has(type) || isDefaultRoute(body);
}

/** What `work` returns; undefined where it threw, which `onError` is told. */
function attempt<Result>(work: () => Result, onError: (error: unknown) => void): Result | undefined {
	try {
		return work();
	} catch (error) {
		onError(error);
		return undefined;
	}
}

/** Calls `done` once when `extend` was not called for `quietMs`, or when it is called long enough. */
function burstTimer(quietMs: number, done: () => void): { extend(): void; cancel(): void } {
	let timer: NodeJS.Timeout | undefined;
	let latestAt = 0;
	const cancel = () => {
		clearTimeout(timer);
		timer = undefined;
	};
	const extend = () => {
		const now = performance.now();
		if (timer === undefined) latestAt = now + longestBurst * quietMs;
		clearTimeout(timer);
		timer = setTimeout(
			() => {
				timer = undefined;
				done();
			},
			Math.max(0, Math.min(quietMs, latestAt - now)),
		);
	};
	return { extend, cancel };
}

/** Polls a descriptor for good: libuv ends a poll where a socket has an error, which ENOBUFS is, and reading takes away. */
function pollThroughErrors(fd: number, onReadable: () => void): { close(): void } {
	let open = true;
	const start = () =>
		pollReadable(fd, (status) => {
			onReadable();
			if (status >= 0 || !open) return;
			handle.close();
			handle = start();
		});
	let handle = start();
	return {
		close() {
			if (!open) return;
			open = false;
			handle.close();
		},
	};
}
