/** Every probe of the conformance data, over what one planner makes of each step after the other. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import test from "ava";
import type { Kind } from "../../../src/model/objects.ts";
import { parseObject } from "../../../src/model/parse-object.ts";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import type { Change } from "../../../src/watch/source.ts";
import { allows } from "./evaluate.ts";

interface Case {
	id: string;
	name: string;
	steps: readonly {
		policies: readonly { metadata: { namespace: string; name: string } }[];
		resources: {
			namespaces: Record<string, { labels: Record<string, string> }>;
			pods: readonly {
				namespace: string;
				name: string;
				labels: Record<string, string>;
				ip: string;
				containers: readonly { name: string; port: number; protocol: string; portName: string }[];
			}[];
		};
		expected: Record<string, "allowed" | "blocked">;
	}[];
}

const NODE = "node-a";
const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132 };

const read = (name: string): Case[] =>
	JSON.parse(gunzipSync(readFileSync(new URL(`../../conformance/${name}`, import.meta.url))).toString());

/** The state of a step as raw objects, by key. */
function objectsOf({
	policies,
	resources,
}: Case["steps"][number]): Map<string, { kind: Kind; raw: unknown }> {
	const objects = new Map<string, { kind: Kind; raw: unknown }>();
	for (const [name, { labels }] of Object.entries(resources.namespaces))
		objects.set(`Namespace ${name}`, { kind: "Namespace", raw: { metadata: { name, labels } } });
	for (const { namespace, name, labels, ip, containers } of resources.pods) {
		const ports = containers.map(({ port, protocol, portName }) => ({
			containerPort: port,
			protocol,
			name: portName,
		}));
		const raw = {
			metadata: { namespace, name, labels },
			spec: { nodeName: NODE, containers: [{ ports }] },
			status: { podIPs: [{ ip }], phase: "Running" },
		};
		objects.set(`Pod ${namespace}/${name}`, { kind: "Pod", raw });
	}
	for (const raw of policies)
		objects.set(`NetworkPolicy ${raw.metadata.namespace}/${raw.metadata.name}`, {
			kind: "NetworkPolicy",
			raw,
		});
	return objects;
}

/** What leads from one state to the next, as a watch tells it. */
function changesBetween(before: ReturnType<typeof objectsOf>, now: ReturnType<typeof objectsOf>): Change[] {
	const changes: Change[] = [];
	for (const [key, { kind, raw }] of now) {
		if (JSON.stringify(before.get(key)?.raw) === JSON.stringify(raw)) continue;
		const { namespace, name, object, problems } = parseObject(kind, raw, {
			origin: "api",
			intern: (text) => text,
		});
		if (!object) throw new Error(`${key}: ${JSON.stringify(problems)}`);
		changes.push({ kind, namespace, name, object });
	}
	for (const [key, { kind }] of before) {
		if (now.has(key)) continue;
		const [namespace = "", name = ""] = (key.split(" ")[1] ?? "").split("/");
		changes.push(
			kind === "Namespace"
				? { kind, namespace: "", name: namespace, object: undefined }
				: { kind, namespace, name, object: undefined },
		);
	}
	return changes;
}

for (const [file, probes] of [
	["networkpolicy-v1.json.gz", 109_000],
	["networkpolicy-v1-recipes.json.gz", 1_200],
] as const) {
	test(`Planned rows answer every probe of ${file}`, (t) => {
		let count = 0;
		const wrong: string[] = [];
		for (const each of read(file)) {
			const planner = createPolicyPlanner({ nodeName: NODE });
			let before: ReturnType<typeof objectsOf> = new Map();
			for (const [index, step] of each.steps.entries()) {
				const now = objectsOf(step);
				planner.update(changesBetween(before, now));
				before = now;
				const addresses = new Map(
					step.resources.pods.map(({ namespace, name, ip }) => [`${namespace}/${name}`, ip]),
				);
				for (const [text, expected] of Object.entries(step.expected)) {
					const [, source = "", target = "", protocol = "", port] =
						/^(\S+)->(\S+) (\w+):(\d+)$/.exec(text) ?? [];
					if (source === target) continue;
					count++;
					const [from = "", to = ""] = [addresses.get(source), addresses.get(target)];
					const got = allows(planner.tables, {
						from,
						to,
						protocol: PROTOCOLS[protocol] ?? 0,
						port: Number(port),
					});
					if (got !== (expected === "allowed"))
						wrong.push(`${each.id} step ${index}: ${text} must be ${expected}`);
				}
			}
		}
		t.log(`${count} probes`);
		t.deepEqual(wrong.slice(0, 10), [], `${wrong.length} wrong`);
		t.true(count > probes, `${count} probes`);
	});
}
