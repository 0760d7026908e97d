import test from "ava";
import { followCluster } from "../../../src/commands/run/follow-cluster.ts";
import { type NodePortAddresses, parseNodePortAddresses } from "../../../src/config/node-port-addresses.ts";
import { createHealth } from "../../../src/serve/health.ts";
import type { HealthCheckPorts } from "../../../src/serve/health-check-ports.ts";

const NODE = {
	deleting: false,
	addresses: [
		{ type: "Hostname", address: "node-1" },
		{ type: "ExternalIP", address: "198.51.100.7" },
		{ type: "InternalIP", address: "192.0.2.7" },
		{ type: "InternalIP", address: "fd00::7" },
	],
};

function stage(texts: string[], { localhost = true, nodeIps = [] as string[] } = {}) {
	const asked: (readonly string[] | undefined)[] = [];
	const ports = {
		update: async (_: unknown, hosts?: readonly string[]) => void asked.push(hosts),
	} as unknown as HealthCheckPorts;
	const health = createHealth({ now: () => 0, syncPeriodMs: 1 });
	health.synced();
	const network = {
		nodeIps,
		devices: [],
		nodePortAddresses: parseNodePortAddresses(texts) as NodePortAddresses,
		clusterCidrs: [],
		serviceCidrs: [],
		nodePorts: { first: 30000, last: 32767 },
		snatPorts: { first: 61000, last: 65535 },
		udpTimeoutS: 120,
		masqueradeAll: false,
	};
	return { health, asked, parts: { health, ports, settings: { network, localhostNodePorts: localhost } } };
}

for (const { texts, options, expected } of [
	{ texts: ["all"], options: {}, expected: undefined },
	{ texts: ["primary"], options: {}, expected: ["192.0.2.7", "fd00::7"] },
	{ texts: ["primary"], options: { nodeIps: ["198.51.100.7"] }, expected: ["198.51.100.7", "fd00::7"] },
	{ texts: ["198.51.100.0/24", "localhost"], options: {}, expected: ["198.51.100.7", "127.0.0.1"] },
	{ texts: ["localhost"], options: { localhost: false }, expected: undefined },
]) {
	test(`Health checks with ${texts.join(", ")} ${JSON.stringify(options)} listen on ${expected?.join(", ") ?? "every address"}`, async (t) => {
		const { asked, parts } = stage(texts, options);
		await followCluster({ healthChecks: [], node: NODE }, parts);
		t.deepEqual(asked, [expected]);
	});
}

test("healthz follows the Node object, and a node that is not known is none that goes", async (t) => {
	const { health, parts } = stage(["all"]);
	await followCluster({ healthChecks: [], node: { ...NODE, deleting: true } }, parts);
	t.is(health.healthz().status, 503);
	t.is(health.livez().status, 200);
	await followCluster({ healthChecks: [], node: undefined }, parts);
	t.is(health.healthz().status, 200);
});
