import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import test from "ava";
import { createModel, type Model } from "../../src/model/model.ts";
import type { ApiObject } from "../../src/model/objects.ts";
import { parseObject } from "../../src/model/parse-object.ts";
import type { Endpoint, ServicePortRow } from "../../src/plan/row.ts";
import { come } from "./objects.ts";

interface Case {
	id: string;
	ipFamily: "IPv4" | "IPv6";
	node: { name: string; zone: string };
	service: { spec: object };
	endpointSlices: unknown[] | null;
	expected: Record<string, Decision>;
	localReadyEndpoints: number;
}

/** What kube-proxy makes of one service port; null: the policy is not in use. */
interface Decision {
	cluster: string[] | null;
	local: string[] | null;
	reachable: string[] | null;
	hasAnyEndpoints: boolean;
	usesClusterEndpoints: boolean;
	usesLocalEndpoints: boolean;
	externallyAccessible: boolean;
	loadBalancerSourceRanges: string[] | null;
	loadBalancerVIPs: string[] | null;
	externalIPs: string[] | null;
	sessionAffinity: string;
	stickyMaxAgeSeconds: number;
	healthCheckNodePort: number;
}

const file = new URL("../conformance/services-endpoints.json.gz", import.meta.url);
const cases = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")) as Case[];

test("rows say in every field what kube-proxy 1.36 decides, for all recorded Services", (t) => {
	let compared = 0;
	for (const given of cases) {
		const decisions = modelDecisions(given);
		t.deepEqual(decisions, sorted(given.expected), given.id);
		compared += Object.keys(decisions).length;
	}
	t.log(`${cases.length} Services, ${compared} service ports agree`);
	t.is(cases.length, 5913);
});

test("health check node ports count the ready endpoints of this node as kube-proxy 1.36 does", (t) => {
	let compared = 0;
	for (const given of cases) {
		for (const check of modelOf(given).healthChecks()) {
			t.is(check.localByFamily[given.ipFamily], given.localReadyEndpoints, given.id);
			compared += 1;
		}
	}
	t.true(compared > 500, `${compared} health checks`);
});

/** Lists have no order, and an empty one is the same as none, but for the endpoints of a policy. */
function sorted(expected: Case["expected"]): Case["expected"] {
	const list = (items: string[] | null): string[] => [...(items ?? [])].sort();
	return Object.fromEntries(
		Object.entries(expected).map(([port, decision]) => [
			port,
			{
				...decision,
				cluster: list(decision.cluster),
				local: list(decision.local),
				reachable: list(decision.reachable),
				loadBalancerSourceRanges: list(decision.loadBalancerSourceRanges),
				loadBalancerVIPs: list(decision.loadBalancerVIPs),
				externalIPs: list(decision.externalIPs),
			},
		]),
	);
}

function modelOf({ node, service, endpointSlices }: Case, spec: object = {}): Model {
	const model = createModel({ nodeName: node.name });
	const metadata = { name: node.name, labels: { "topology.kubernetes.io/zone": node.zone } };
	model.update(
		come(
			parse("Node", { metadata }),
			parse("Service", { ...service, spec: { ...service.spec, ...spec } }),
			...(endpointSlices ?? []).map((raw) => parse("EndpointSlice", raw)),
		),
	);
	return model;
}

function modelDecisions(given: Case): Case["expected"] {
	const model = modelOf(given);
	// Rows name no endpoint that no policy uses: whether there are any in the cluster shows where Cluster is in use.
	const everywhere = new Map(modelOf(given, { internalTrafficPolicy: "Cluster" }).rows());
	const [check] = model.healthChecks();
	const found: Case["expected"] = {};
	for (const [id, row] of model.rows()) {
		if (row.family !== given.ipFamily) continue;
		const anywhere = everywhere.get(id)?.endpoints.some(({ forCluster }) => forCluster) ?? false;
		found[`${row.port}/${row.protocol}`] = {
			...decisionOf(row),
			hasAnyEndpoints: anywhere,
			healthCheckNodePort: check?.port ?? 0,
		};
	}
	return found;
}

function decisionOf(row: ServicePortRow): Omit<Decision, "hasAnyEndpoints" | "healthCheckNodePort"> {
	const uses = (policy: string): boolean =>
		row.frontends.some(({ internal, external }) => internal === policy || external === policy);
	const addresses = (kind: string): string[] =>
		row.frontends
			.filter((frontend) => frontend.kind === kind)
			.map(({ address }) => address)
			.sort();
	const endpoints = (chosen: (endpoint: Endpoint) => boolean): string[] =>
		row.endpoints.filter(chosen).map(endpointText).sort();
	return {
		cluster: endpoints(({ forCluster }) => forCluster),
		local: endpoints(({ forLocal }) => forLocal),
		reachable: endpoints(({ forCluster, forLocal }) => forCluster || forLocal),
		usesClusterEndpoints: uses("Cluster"),
		usesLocalEndpoints: uses("Local"),
		externallyAccessible: row.frontends.some(({ kind }) => kind !== "ClusterIP"),
		loadBalancerSourceRanges: [...row.sourceRanges].sort(),
		loadBalancerVIPs: addresses("LoadBalancer"),
		externalIPs: addresses("ExternalIP"),
		sessionAffinity: row.affinityTimeoutS === 0 ? "None" : "ClientIP",
		stickyMaxAgeSeconds: row.affinityTimeoutS,
	};
}

function endpointText({ address, port }: { address: string; port: number }): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function parse(kind: ApiObject["kind"], raw: unknown): ApiObject {
	const { object, problems } = parseObject(kind, raw, { origin: "api", intern: (text) => text });
	if (object === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
	return object;
}
