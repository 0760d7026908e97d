import { hostAddresses, type NodeAddress, primaryAddresses } from "../../config/cluster-ranges.ts";
import { selectNodePortAddresses, servesAllAddresses } from "../../config/node-port-addresses.ts";
import type { Health } from "../../serve/health.ts";
import type { HealthCheckPorts, ServiceHealth } from "../../serve/health-check-ports.ts";
import type { Settings } from "./settings.ts";

/** What the daemon's servers tell others of, as the model has it after a pass. */
export interface ServedFacts {
	/** Services with a `healthCheckNodePort`. */
	healthChecks: readonly ServiceHealth[];
	/** This node as its object has it; undefined where there is none, or none has come. */
	node: { deleting: boolean; addresses: readonly NodeAddress[] } | undefined;
}

/** Brings the servers in step with the cluster; called after each pass. Resolves when they are. */
export async function followCluster(
	{ healthChecks, node }: ServedFacts,
	{
		health,
		ports,
		settings,
	}: {
		health: Health;
		ports: HealthCheckPorts;
		settings: Pick<Settings, "network" | "localhostNodePorts">;
	},
): Promise<void> {
	health.node(node?.deleting !== true);
	await ports.update(healthChecks, listenHosts(hostAddresses(node?.addresses ?? []), settings));
}

/** The addresses that NodePorts are served at; undefined: all, also where none is known, as in kube-proxy. */
function listenHosts(
	addresses: readonly string[],
	{ network, localhostNodePorts }: Pick<Settings, "network" | "localhostNodePorts">,
): readonly string[] | undefined {
	if (servesAllAddresses(network.nodePortAddresses)) return undefined;
	const primary = primaryAddresses(network.nodeIps, addresses);
	const all = [...new Set([...primary, ...addresses, "127.0.0.1"])];
	const hosts = selectNodePortAddresses(
		{ addresses: all, primary, localhost: localhostNodePorts },
		network.nodePortAddresses,
	);
	return hosts.length > 0 ? hosts : undefined;
}
