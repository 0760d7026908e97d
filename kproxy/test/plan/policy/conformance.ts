/** The conformance data for NetworkPolicy, as changes and probes. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Kind } from "../../../src/model/objects.ts";
import { parseObject } from "../../../src/model/parse-object.ts";
import type { Change } from "../../../src/watch/source.ts";
import { NODE } from "./cluster.ts";
import type { Probe } from "./evaluate.ts";

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

/** A step of a case: what changes, and what must then be. */
export interface ConformanceStep {
	/** As in `cyc-004 step 0`. */
	name: string;
	/** The first step of a case, for which nothing is there yet. */
	isFirst: boolean;
	changes: Change[];
	/** The whole state, as the API has it. */
	objects: readonly { kind: Kind; raw: unknown }[];
	probes: readonly { probe: Probe; expected: boolean; text: string }[];
}

/** Every step of every case of a file; probes of a pod to itself are left out, which the data has otherwise. */
export function* conformanceSteps(file: string): Generator<ConformanceStep> {
	for (const each of read(file)) {
		let before: ReturnType<typeof objectsOf> = new Map();
		for (const [index, step] of each.steps.entries()) {
			const now = objectsOf(step);
			yield {
				name: `${each.id} step ${index}`,
				isFirst: index === 0,
				changes: changesBetween(before, now),
				objects: [...now.values()],
				probes: probesOf(step),
			};
			before = now;
		}
	}
}

function probesOf({ resources, expected }: Case["steps"][number]): ConformanceStep["probes"] {
	const addresses = new Map(resources.pods.map(({ namespace, name, ip }) => [`${namespace}/${name}`, ip]));
	return Object.entries(expected).flatMap(([text, verdict]) => {
		const [, source = "", target = "", protocol = "", port] = /^(\S+)->(\S+) (\w+):(\d+)$/.exec(text) ?? [];
		if (source === target) return [];
		const [from = "", to = ""] = [addresses.get(source), addresses.get(target)];
		const probe = { from, to, protocol: PROTOCOLS[protocol] ?? 0, port: Number(port) };
		return [{ probe, expected: verdict === "allowed", text }];
	});
}

/** The files, and how many probes each has at least. */
export const CONFORMANCE_FILES = [
	["networkpolicy-v1.json.gz", 109_000],
	["networkpolicy-v1-recipes.json.gz", 1_200],
] as const;
