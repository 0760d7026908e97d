import test from "ava";
import fc from "fast-check";
import { createModel, type Model } from "../../src/model/model.ts";
import { type ApiObject, objectKey } from "../../src/model/objects.ts";
import type { ServicePortRow } from "../../src/plan/row.ts";
import type { Change } from "../../src/watch/source.ts";
import { node, port, service, slice } from "./objects.ts";

/** Few names, addresses and ports, so that objects meet. */
const services = fc
	.record({
		name: fc.constantFrom("a", "b", "c"),
		createdMs: fc.constantFrom(undefined, 1000, 2000),
		type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer"),
		clusterIPs: fc.constantFrom(["10.96.0.1"], ["10.96.0.2"], ["10.96.0.3", "fd00:96::3"], ["bad"], []),
		externalIPs: fc.subarray(["198.51.100.1", "2001:db8::1", "0.0.0.0"]),
		loadBalancerIPs: fc.subarray(["203.0.113.1", "198.51.100.1"]),
		loadBalancerSourceRanges: fc.subarray(["192.0.2.0/24", "fd00:2::/64", "bad"]),
		nodePort: fc.constantFrom(0, 30080, 30081, 80),
		affinityTimeoutS: fc.constantFrom(0, 10),
		externalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
		internalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
		healthCheckNodePort: fc.constantFrom(0, 31000),
	})
	.map(({ name, nodePort, ...parts }) => service(name, { ...parts, ports: [port({ nodePort })] }));

const endpoint = fc
	.record({
		address: fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3"),
		conditions: fc.constantFrom(
			{ ready: true },
			{ ready: false, terminating: true },
			{ ready: false, serving: false },
		),
		nodeName: fc.constantFrom(undefined, "node-a", "node-b"),
		forZones: fc.subarray(["z1", "z2"]),
		forNodes: fc.subarray(["node-a", "node-b"]),
	})
	.map(({ address, conditions, ...rest }) => ({ addresses: [address], ...conditions, ...rest }));

const slices = fc
	.record({
		name: fc.constantFrom("s1", "s2", "s3"),
		of: fc.constantFrom("a", "b", "c", ""),
		endpoints: fc.array(endpoint, { maxLength: 3 }),
	})
	.map(({ name, ...parts }) => slice(name, parts));

const nodes = fc
	.record({
		name: fc.constantFrom("node-a", "node-b"),
		zone: fc.constantFrom("", "z1", "z2"),
		addresses: fc.subarray([
			{ type: "InternalIP", address: "192.0.2.1" },
			{ type: "InternalIP", address: "10.9.9.9" },
			{ type: "ExternalIP", address: "fd00:2::1" },
		] as const),
	})
	.map(({ name, ...parts }) => node(name, parts));

const change = fc
	.tuple(fc.oneof(services, services, slices, slices, nodes), fc.nat(4))
	.map(([object, chance]): Change => {
		const { kind, namespace, name } = object;
		return { kind, namespace, name, object: chance === 0 ? undefined : object };
	});

const batches = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });

/** All that a model says, in no order of arrival. */
function contents(model: Model): unknown {
	const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
		a < b ? -1 : 1;
	return {
		rows: [...model.rows()].sort(byKey),
		problems: [...model.problems].sort(byKey),
		healthChecks: [...model.healthChecks()].sort((a, b) => (a.name < b.name ? -1 : 1)),
		node: model.node(),
	};
}

test("What a model says depends on the objects that there are, not on how they came, and each change is told", (t) => {
	fc.assert(
		fc.property(batches, (steps) => {
			const model = createModel({ nodeName: "node-a" });
			const objects = new Map<string, ApiObject>();
			const told = new Map<string, ServicePortRow>();
			for (const changes of steps) {
				const checksBefore = JSON.stringify(model.healthChecks());
				const nodeBefore = JSON.stringify(model.node());
				const update = model.update(changes);
				for (const [id, row] of update.rows) {
					if (row) told.set(id, row);
					else told.delete(id);
				}
				for (const each of changes) {
					if (each.object) objects.set(objectKey(each), each.object);
					else objects.delete(objectKey(each));
				}
				const fresh = createModel({ nodeName: "node-a" });
				for (const object of [...objects.values()].reverse()) {
					fresh.update([{ kind: object.kind, namespace: object.namespace, name: object.name, object }]);
				}
				t.deepEqual(contents(model), contents(fresh));
				t.deepEqual(new Map([...told].sort()), new Map([...model.rows()].sort()));
				if (!update.healthChecksChanged) t.is(JSON.stringify(model.healthChecks()), checksBefore);
				t.is(update.nodeChanged, JSON.stringify(model.node()) !== nodeBefore);
			}
		}),
		{ seed: 20261125, numRuns: 1500 },
	);
});
