import { tally } from "../../kproxy/test/lab/agent.ts";
import { DIALS, frontendOf, row } from "./dialling.ts";
import { detail } from "./print.ts";
import type { Stage } from "./stage.ts";

const CART = { protocol: "TCP", address: "10.96.0.83", port: 80 } as const;

/** Dials a Service with session affinity from three clients. Returns what is not as it should be. */
export async function dialWithAffinity({ pod, sandboxed, node1 }: Stage): Promise<string[]> {
	const problems: string[] = [];
	for (const from of [pod, sandboxed, node1]) {
		const { answers, errors } = tally(await from.dialMany({ ...CART, count: DIALS, concurrency: 1 }));
		const all = Object.entries({ ...answers, ...errors });
		detail(row(from.name, CART, all.map(([who, count]) => `${who} ${count}`).join("  ")));
		if (Object.keys(answers).length !== 1 || Object.keys(errors).length > 0)
			problems.push(`${DIALS} dials of ${frontendOf(CART)} from ${from.name} did not reach one backend`);
	}
	return problems;
}
