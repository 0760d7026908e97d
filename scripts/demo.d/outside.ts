import type { LabNode } from "../../kproxy/test/lab/node.ts";
import { type Try, tryAll } from "./dialling.ts";
import type { Stage } from "./stage.ts";

const FAMILIES = ["IPv4", "IPv6"] as const;
const EVERY_WEB = ["web-1", "web-2", "web-3"];
const SHOP = { IPv4: "203.0.113.81", IPv6: "2001:db8:f::81" };
const SHOP_LOCAL = { IPv4: "203.0.113.82", IPv6: "2001:db8:f::82" };

/** Dials the NodePort at both nodes from outside. Returns what is not as it should be. */
export async function dialNodePorts(stage: Stage): Promise<string[]> {
	return tryAll(
		stage.cluster.nodes.flatMap((node) =>
			FAMILIES.map((family): Try => {
				const target = { protocol: "TCP", address: node[family], port: 30080 } as const;
				return { ...target, from: stage.client, answers: EVERY_WEB, ...seenThrough(stage, { node, family }) };
			}),
		),
	);
}

/** Dials the load balancer's addresses from outside, as it would hand packets to one node or the other. */
export async function dialLoadBalancers(stage: Stage): Promise<string[]> {
	const problems: string[] = [];
	for (const node of stage.cluster.nodes) {
		for (const address of [...Object.values(SHOP), ...Object.values(SHOP_LOCAL)])
			stage.cluster.route(address, node);
		const local = EVERY_WEB.filter((name) => runsOn(stage, name) === node.name);
		const how = `by ${node.name}`;
		const tries = FAMILIES.flatMap((family): Try[] => {
			const target = { protocol: "TCP", port: 80, from: stage.client, how } as const;
			const seen = seenThrough(stage, { node, family });
			return [
				{ ...target, ...seen, address: SHOP[family], answers: EVERY_WEB },
				{ ...target, ...seen, address: SHOP_LOCAL[family], answers: local },
			];
		});
		problems.push(...(await tryAll(tries)));
	}
	return problems;
}

/** A backend on the node that the client dialled sees the client; one elsewhere sees that node, where its reply must pass. */
function seenThrough(
	stage: Stage,
	{ node, family }: { node: LabNode; family: "IPv4" | "IPv6" },
): Required<Pick<Try, "seen">> {
	return { seen: (answer) => (runsOn(stage, answer) === node.name ? stage.client : node)[family] };
}

function runsOn({ servers }: Stage, pod: string): string | undefined {
	return servers.find(({ name }) => name === pod)?.node;
}
