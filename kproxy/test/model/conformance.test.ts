import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import test from "ava";
import { createModel } from "../../src/model/model.ts";
import type { ApiObject } from "../../src/model/objects.ts";
import { parseObject } from "../../src/model/parse-object.ts";
import { come } from "./objects.ts";

interface Case {
	id: string;
	ipFamily: "IPv4" | "IPv6";
	service: { spec: { internalTrafficPolicy?: string; trafficDistribution?: string } };
	endpointSlices: { endpoints: { hints?: unknown }[] | null }[] | null;
	expected: Record<string, { cluster: string[] | null }>;
}

const file = new URL("../conformance/services-endpoints.json.gz", import.meta.url);

test("rows have the endpoints that kube-proxy 1.36 uses for traffic policy Cluster", (t) => {
	const cases = (JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")) as Case[]).filter(isCovered);
	t.true(cases.length > 1500, `${cases.length} cases are left after filtering`);
	let compared = 0;
	for (const given of cases) {
		const expected = expectedEndpoints(given);
		t.deepEqual(modelEndpoints(given), expected, given.id);
		compared += Object.keys(expected).length;
	}
	t.log(`${cases.length} Services, ${compared} service ports agree`);
	t.true(compared > 1000);
});

/** What this cut covers: every node sees all endpoints, wherever they are. */
function isCovered({ service, endpointSlices }: Case): boolean {
	const { internalTrafficPolicy = "Cluster", trafficDistribution } = service.spec;
	if (internalTrafficPolicy !== "Cluster" || trafficDistribution !== undefined) return false;
	const endpoints = (endpointSlices ?? []).flatMap((slice) => slice.endpoints ?? []);
	return endpoints.every(({ hints }) => hints === undefined);
}

/** TCP and UDP only: SCTP has no connect-time service. */
function expectedEndpoints({ expected }: Case): Record<string, string[]> {
	const served = Object.entries(expected).filter(([port]) => !port.endsWith("/SCTP"));
	return Object.fromEntries(served.map(([port, { cluster }]) => [port, [...(cluster ?? [])].sort()]));
}

function modelEndpoints({ ipFamily, service, endpointSlices }: Case): Record<string, string[]> {
	const model = createModel();
	model.update(
		come(parse("Service", service), ...(endpointSlices ?? []).map((raw) => parse("EndpointSlice", raw))),
	);
	const found: Record<string, string[]> = {};
	for (const [, row] of model.rows()) {
		if (row.family !== ipFamily) continue;
		found[`${row.port}/${row.protocol}`] = row.endpoints.map(endpointText).sort();
	}
	return found;
}

function endpointText({ address, port }: { address: string; port: number }): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function parse(kind: ApiObject["kind"], raw: unknown): ApiObject {
	const { object, problems } = parseObject(kind, raw, { origin: "api", intern: (text) => text });
	if (object === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
	return object;
}
