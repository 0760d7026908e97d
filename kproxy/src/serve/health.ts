/** What one health probe is told. `body` has the fields of kube-proxy's answer. */
export interface HealthAnswer {
	status: 200 | 503;
	body: { lastUpdated: string; currentTime: string; nodeEligible?: boolean };
}

/**
 * Healthy after the first sync, and from then on as long as no change has waited longer than two sync periods,
 * as kube-proxy sees it: an idle proxy is a healthy one.
 */
export interface Health {
	/** A change has come and waits to be written. */
	queued(): void;
	/** All that had come is written. */
	synced(): void;
	/** Whether load balancers may send traffic to this node, as its Node object says: not while it is being deleted. */
	node(eligible: boolean): void;
	/** Is all that had to be written in time written? Whatever the Node object says. */
	readonly healthy: boolean;
	/** Should load balancers send traffic to this node? */
	healthz(): HealthAnswer;
	/** Should the daemon be restarted? Says nothing of the node: its deletion is no reason. */
	livez(): HealthAnswer;
}

/** `now` and `syncPeriodMs` in milliseconds. */
export function createHealth({ now, syncPeriodMs }: { now: () => number; syncPeriodMs: number }): Health {
	let syncedMs: number | undefined;
	let oldestQueuedMs: number | undefined;
	// As in kube-proxy: until a Node object says otherwise.
	let nodeEligible = true;
	const isHealthy = (currentMs: number): boolean => {
		const waitedMs = oldestQueuedMs === undefined ? 0 : currentMs - oldestQueuedMs;
		return syncedMs !== undefined && waitedMs <= 2 * syncPeriodMs;
	};
	const answer = (isFit: (healthy: boolean) => boolean): HealthAnswer => {
		const currentMs = now();
		const fit = isFit(isHealthy(currentMs));
		// Whoever reads `lastUpdated` wants it recent while all is well, also when nothing has to be written.
		const updatedMs = fit ? currentMs : (syncedMs ?? 0);
		return {
			status: fit ? 200 : 503,
			body: {
				lastUpdated: new Date(updatedMs).toISOString(),
				currentTime: new Date(currentMs).toISOString(),
			},
		};
	};
	return {
		queued: () => {
			oldestQueuedMs ??= now();
		},
		synced: () => {
			syncedMs = now();
			oldestQueuedMs = undefined;
		},
		node: (eligible) => {
			nodeEligible = eligible;
		},
		get healthy() {
			return isHealthy(now());
		},
		healthz: () => {
			const { status, body } = answer((healthy) => healthy && nodeEligible);
			return { status, body: { ...body, nodeEligible } };
		},
		livez: () => answer((healthy) => healthy),
	};
}
