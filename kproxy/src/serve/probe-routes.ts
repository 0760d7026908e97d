import type { Health, HealthAnswer } from "./health.ts";
import type { Answer, Routes } from "./listen.ts";
import type { Metrics } from "./metrics.ts";

/** `/healthz` and `/livez`, each answer counted by its code. */
export function healthRoutes(health: Health, metrics: Pick<Metrics, "healthz" | "livez">): Routes {
	return {
		"/healthz": () => {
			const answer = health.healthz();
			metrics.healthz.inc({ code: String(answer.status) });
			return toAnswer(answer);
		},
		"/livez": () => {
			const answer = health.livez();
			metrics.livez.inc({ code: String(answer.status) });
			return toAnswer(answer);
		},
	};
}

/** `/metrics` as Prometheus reads it. */
export function metricsRoutes(metrics: Pick<Metrics, "scrape" | "registry">): Routes {
	return {
		"/metrics": async () => ({ type: metrics.registry.contentType, body: await metrics.scrape() }),
	};
}

function toAnswer({ status, body }: HealthAnswer): Answer {
	return { status, type: "application/json", body: JSON.stringify(body) };
}
