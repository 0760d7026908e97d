import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { attachCgroup, BpfError, type BpfMap, loadObject, openSpec } from "bpf-loader";
import { findCgroup } from "../../dataplane/cgroup-root.ts";
import { sealFrontend } from "../../dataplane/frontend-check.ts";
import {
	Algorithm,
	BackendFlag,
	BackendState,
	FrontendFlag,
	Protocol,
} from "../../dataplane/generated/sock_lb.ts";
import { type MapName, objectPath, openServiceMaps, type ServiceMaps } from "../../dataplane/service-maps.ts";
import { startBackends } from "./canary-backends.ts";
import { dialFrom } from "./canary-dial.ts";
import type { Check } from "./check.ts";

const GROUP = "canary";

/** A loopback address that nothing answers at unless it is translated: a dial that is not never leaves the node. */
const FRONTEND = { address: "127.192.0.2", port: 7 };
const BACKEND_ADDRESS = "127.0.0.1";
/** Those that a node needs large, and one canary does not. */
const SMALL_MAPS: readonly MapName[] = [
	"svc_frontends",
	"svc_slots",
	"svc_backends",
	"svc_names",
	"sock_reverse",
];
const MAP_ENTRIES = 16;
const REMOVE_TIMEOUT_MS = 5000;

/**
 * Dials a frontend from a cgroup made for it, through our programs and maps of their own, pinned nowhere: does a
 * connect get translated on this node? Nothing outside that cgroup is touched, and all is gone afterwards.
 */
export async function checkCanary(asked: string | undefined): Promise<Check[]> {
	const { path: root } = findCgroup(asked);
	await using held = new AsyncDisposableStack();
	const backends = held.use(await startBackends(BACKEND_ADDRESS));
	const cgroup = join(root, `kproxy-doctor-${process.pid}`);
	makeCgroup(cgroup);
	held.defer(() => removeCgroup(cgroup));
	const object = held.use(loadCanary());
	for (const program of Object.values(object.programs)) {
		held.use(attachCgroup({ program, cgroup }));
	}
	fillMaps(openServiceMaps(object.maps as Record<MapName, BpfMap>), backends.ports);
	const checks: Check[] = [];
	for (const protocol of ["tcp", "udp"] as const) {
		const said = await dialFrom(cgroup, { protocol, ...FRONTEND });
		checks.push(judge(protocol, { said, expected: `canary from ${FRONTEND.address}` }));
	}
	return checks;
}

function judge(protocol: string, { said, expected }: { said: string; expected: string }): Check {
	const good = said === expected;
	return {
		group: GROUP,
		name: `${protocol} to ${FRONTEND.address}:${FRONTEND.port}`,
		level: good ? "ok" : "fail",
		found: good ? "translated, and the answer comes from the frontend" : `got: ${said || "nothing"}`,
		advice: good
			? undefined
			: "sockets of this cgroup are not seen: is it the node's own cgroup2 hierarchy, and are net_cls and net_prio of cgroup1 unused?",
	};
}

function loadCanary() {
	return loadObject(openSpec(objectPath), {
		maps: Object.fromEntries(SMALL_MAPS.map((name) => [name, { maxEntries: MAP_ENTRIES }])),
	});
}

/** Service 0 and backend 0 stand for nothing, so both protocols count from 1. */
function fillMaps({ backends, slots, frontends }: ServiceMaps, ports: { tcp: number; udp: number }): void {
	for (const [number, protocol, port] of [
		[1, Protocol.TCP, ports.tcp],
		[2, Protocol.UDP, ports.udp],
	] as const) {
		const backend = {
			address: BACKEND_ADDRESS,
			port,
			protocol,
			state: BackendState.ACTIVE,
			reuse: 0,
			flags: BackendFlag.LOCAL,
		};
		const range = { first: number, count: 1 };
		const frontend = {
			internal: range,
			external: range,
			service: 1,
			affinityTimeoutS: 0,
			algorithm: Algorithm.RANDOM,
			flags: FrontendFlag.PLAIN,
		};
		backends.setAll([[number, backend]]);
		slots.setAll([[number, number]]);
		const key = { ...FRONTEND, protocol };
		frontends.setAll([[key, sealFrontend(key, frontend)]]);
	}
}

function makeCgroup(path: string): void {
	try {
		mkdirSync(path);
	} catch (cause) {
		throw new BpfError(`no cgroup can be made for the canary: ${(cause as Error).message}`, {
			code: "CANARY_CGROUP",
			operation: "create",
			object: path,
			hint: "run doctor as root, with cgroup2 mounted for writing",
			cause,
		});
	}
}

/** A process that has just ended keeps its cgroup busy for a moment. */
async function removeCgroup(path: string): Promise<void> {
	const deadlineMs = performance.now() + REMOVE_TIMEOUT_MS;
	for (;;) {
		try {
			rmdirSync(path);
			return;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EBUSY" || performance.now() > deadlineMs) {
				throw error;
			}
			await sleep(10);
		}
	}
}
