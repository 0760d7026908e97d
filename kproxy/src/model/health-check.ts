import { countLocalReady } from "./endpoints.ts";
import type { EndpointSliceObject, ServiceObject } from "./objects.ts";

/** A port on which the node tells a load balancer whether it has endpoints of a Service. */
export interface HealthCheck {
	namespace: string;
	name: string;
	/** `spec.healthCheckNodePort`. */
	port: number;
	/** Ready endpoints on this node, each address once whatever ports it has; of two families, in the one that has more. */
	localEndpoints: number;
	/** The same in each family: kube-proxy answers for the family in which it is asked. */
	localByFamily: Readonly<Record<"IPv4" | "IPv6", number>>;
}

/** The health check of a Service; undefined where it has none, as without type LoadBalancer and external policy Local. */
export function healthCheckOf(
	service: ServiceObject | undefined,
	{ slices, nodeName }: { slices: readonly EndpointSliceObject[]; nodeName: string },
): HealthCheck | undefined {
	if (service?.type !== "LoadBalancer" || service.externalTrafficPolicy !== "Local") return undefined;
	if (service.healthCheckNodePort === 0 || service.clusterIPs.length === 0) return undefined;
	const { namespace, name, healthCheckNodePort } = service;
	const localByFamily = {
		IPv4: countLocalReady(slices, { family: "IPv4", nodeName }),
		IPv6: countLocalReady(slices, { family: "IPv6", nodeName }),
	};
	const localEndpoints = Math.max(localByFamily.IPv4, localByFamily.IPv6);
	return { namespace, name, port: healthCheckNodePort, localEndpoints, localByFamily };
}

/** True where both say the same of one Service. */
export function sameHealthCheck(a: HealthCheck | undefined, b: HealthCheck | undefined): boolean {
	return (
		a?.port === b?.port &&
		a?.localByFamily.IPv4 === b?.localByFamily.IPv4 &&
		a?.localByFamily.IPv6 === b?.localByFamily.IPv6
	);
}
