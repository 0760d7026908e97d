/** What one health probe is told. `body` has the fields of kube-proxy's answer. */
export interface HealthAnswer {
	status: 200 | 503;
	body: { lastUpdated: string; currentTime: string; nodeEligible: boolean };
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
	/** Should load balancers send traffic to this node? */
	healthz(): HealthAnswer;
	/** Should the daemon be restarted? */
	livez(): HealthAnswer;
}

/** `now` and `syncPeriodMs` in milliseconds. */
export function createHealth({ now, syncPeriodMs }: { now: () => number; syncPeriodMs: number }): Health {
	let syncedMs: number | undefined;
	let oldestQueuedMs: number | undefined;
	const answer = (): HealthAnswer => {
		const currentMs = now();
		const waitedMs = oldestQueuedMs === undefined ? 0 : currentMs - oldestQueuedMs;
		const healthy = syncedMs !== undefined && waitedMs <= 2 * syncPeriodMs;
		// Whoever reads `lastUpdated` wants it recent while all is well, also when nothing has to be written.
		const updatedMs = healthy ? currentMs : (syncedMs ?? 0);
		return {
			status: healthy ? 200 : 503,
			body: {
				lastUpdated: new Date(updatedMs).toISOString(),
				currentTime: new Date(currentMs).toISOString(),
				// Becomes a fact of the Node object once Nodes are watched.
				nodeEligible: true,
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
		healthz: answer,
		livez: answer,
	};
}
