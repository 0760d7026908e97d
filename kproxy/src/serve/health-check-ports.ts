import type { Problem } from "../problem.ts";
import { type Clock, systemClock } from "../watch/clock.ts";
import { type Answer, type Listener, listen } from "./listen.ts";

const RETRY_MS = 10_000;

/** A Service with a `healthCheckNodePort`, and how many endpoints that take traffic it has on this node. */
export interface ServiceHealth {
	namespace: string;
	name: string;
	port: number;
	localEndpoints: number;
}

/** What the servers are made from. */
export interface HealthCheckPortsOptions {
	/** Is the daemon itself healthy, whatever the node is? */
	isHealthy(): boolean;
	/** Called when a port cannot be opened, and when it then can: `problems` has changed. */
	onProblems(): void;
	clock?: Clock;
	/** Wait before ports that could not be opened are tried again. */
	retryMs?: number;
}

/** One HTTP server for each Service that has a health check port: load balancers ask it whether this node has endpoints. */
export interface HealthCheckPorts extends AsyncDisposable {
	/**
	 * What there is now; servers are opened and closed to match. `hosts`: addresses to listen on; undefined: all.
	 * Resolves when every server that can be open is.
	 */
	update(services: readonly ServiceHealth[], hosts?: readonly string[]): Promise<void>;
	/** Ports that could not be opened and are tried again. */
	readonly problems: readonly Problem[];
	close(): Promise<void>;
}

/** A server that is open, on one listener for each address. */
interface OpenServer {
	/** Port and addresses: with others it has to be opened anew. */
	where: string;
	listeners: readonly Listener[];
}

/** Opens nothing before the first update. */
export function createHealthCheckPorts(options: HealthCheckPortsOptions): HealthCheckPorts {
	const { isHealthy, onProblems, clock = systemClock, retryMs = RETRY_MS } = options;
	let wanted: ReadonlyMap<string, ServiceHealth> = new Map();
	let hosts: readonly string[] | undefined;
	const servers = new Map<string, OpenServer>();
	const problems = new Map<string, Problem>();
	const closing = new AbortController();
	let turn: Promise<void> = Promise.resolve();
	let retrying = false;

	const whereOf = ({ port }: ServiceHealth) => `${port} ${hosts?.join(" ") ?? "*"}`;

	/** One at a time, and closing before opening: a port may go from one Service to another. */
	async function reconcile(): Promise<void> {
		const before = [...problems.keys()].join();
		await closeStale();
		for (const key of problems.keys()) if (!wanted.has(key)) problems.delete(key);
		for (const [key, service] of wanted) {
			if (!servers.has(key) && !closing.signal.aborted) await open(key, service);
		}
		if ([...problems.keys()].join() !== before) onProblems();
		if (problems.size > 0) retryLater();
	}

	async function closeStale(): Promise<void> {
		for (const [key, { where, listeners }] of servers) {
			const service = wanted.get(key);
			if (service !== undefined && whereOf(service) === where) continue;
			servers.delete(key);
			await closeAll(listeners);
		}
	}

	async function open(key: string, service: ServiceHealth): Promise<void> {
		const where = whereOf(service);
		const listeners: Listener[] = [];
		const route = () => answer(wanted.get(key) ?? { ...service, localEndpoints: 0 }, isHealthy());
		try {
			for (const host of hosts ?? [undefined]) {
				const at = host === undefined ? { port: service.port } : { port: service.port, host };
				listeners.push(await listen(`health check of Service ${key}`, at, route));
			}
			servers.set(key, { where, listeners });
			problems.delete(key);
		} catch (error) {
			await closeAll(listeners);
			problems.set(key, describe(key, error as Error));
		}
	}

	function retryLater(): void {
		if (retrying) return;
		retrying = true;
		clock.sleep(retryMs, closing.signal).then(() => {
			retrying = false;
			if (!closing.signal.aborted) turn = turn.then(reconcile);
		});
	}

	const close = async (): Promise<void> => {
		closing.abort();
		wanted = new Map();
		turn = turn.then(reconcile);
		await turn;
	};
	return {
		update(services, at) {
			wanted = new Map(services.map((service) => [`${service.namespace}/${service.name}`, service]));
			hosts = at;
			turn = turn.then(reconcile);
			return turn;
		},
		get problems() {
			return [...problems.values()];
		},
		close,
		[Symbol.asyncDispose]: close,
	};
}

/** Status, headers and body as kube-proxy has them. */
function answer({ namespace, name, localEndpoints }: ServiceHealth, healthy: boolean): Answer {
	const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: healthy };
	return {
		status: localEndpoints > 0 && healthy ? 200 : 503,
		type: "application/json",
		headers: { "x-load-balancing-endpoint-weight": String(localEndpoints) },
		body: JSON.stringify(body, null, "\t"),
	};
}

function describe(key: string, { message }: Error): Problem {
	return {
		id: `HEALTH_CHECK_PORT ${key}`,
		object: `Service ${key}`,
		code: "HEALTH_CHECK_PORT",
		message: `${message}; load balancers take this node for one without endpoints, and it is tried again`,
	};
}

async function closeAll(listeners: readonly Listener[]): Promise<void> {
	await Promise.all(listeners.map((listener) => listener.close()));
}
