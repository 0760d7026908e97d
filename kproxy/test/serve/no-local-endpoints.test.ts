import test from "ava";
import type { ServicePortRow } from "../../src/plan/row.ts";
import { countNoLocalEndpoints } from "../../src/serve/no-local-endpoints.ts";

function row(
	policies: Pick<ServicePortRow["frontends"][number], "internal" | "external">,
	endpoints: { forCluster: boolean; forLocal: boolean }[],
	family: "IPv4" | "IPv6" = "IPv4",
): ServicePortRow {
	return {
		namespace: "shop",
		name: "web",
		port: "",
		protocol: "TCP",
		family,
		frontends: [{ kind: "NodePort", address: "0.0.0.0", port: 30000, ...policies }],
		endpoints: endpoints.map((endpoint, index) => ({
			address: `10.0.0.${index}`,
			port: 80,
			state: "active",
			local: endpoint.forLocal,
			...endpoint,
		})),
		affinityTimeoutS: 0,
		sourceRanges: [],
		nodeInSourceRanges: false,
	};
}

const REMOTE = { forCluster: true, forLocal: false };
const LOCAL = { forCluster: true, forLocal: true };
const BOTH = { internal: "Local", external: "Local" } as const;
const EXTERNAL = { internal: "Cluster", external: "Local" } as const;
const CLUSTER = { internal: "Cluster", external: "Cluster" } as const;

for (const { title, rows, expected } of [
	{
		title: "Endpoints elsewhere only count for each policy that is Local",
		rows: [row(BOTH, [REMOTE])],
		expected: [1, 1, 0, 0],
	},
	{ title: "Families are apart", rows: [row(EXTERNAL, [REMOTE], "IPv6")], expected: [0, 0, 0, 1] },
	{ title: "A local endpoint is enough", rows: [row(BOTH, [REMOTE, LOCAL])], expected: [0, 0, 0, 0] },
	{ title: "No endpoint at all is another matter", rows: [row(BOTH, [])], expected: [0, 0, 0, 0] },
	{ title: "Policy Cluster does not ask", rows: [row(CLUSTER, [REMOTE])], expected: [0, 0, 0, 0] },
]) {
	test(title, (t) => {
		t.deepEqual(
			countNoLocalEndpoints(rows).map(({ servicePorts }) => servicePorts),
			expected,
		);
	});
}
