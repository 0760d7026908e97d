import fc from "fast-check";
import type {
	ApiObject,
	EndpointSliceObject,
	ServiceObject,
	SliceEndpoint,
} from "../../src/model/objects.ts";
import type { Change } from "../../src/watch/source.ts";
import { node, service, slice } from "../model/objects.ts";
import { NODE } from "./reference.ts";

/** What happens between two passes: objects that come, change or go, and then time that passes. */
export interface Step {
	changes: readonly Change[];
	waitMs: number;
}

/** Few names and addresses, so that objects meet: shared endpoints, contested frontends, slices that move. */
const names = ["a", "b", "c", "d"];
const addresses4 = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"];
const addresses6 = ["fd00::1", "fd00::2", "fd00::3"];

const clusterIPs = fc.constantFrom(
	["10.96.0.1"],
	["10.96.0.2"],
	["10.96.0.3", "fd00:96::3"],
	["fd00:96::4"],
	["10.96.0.4", "fd00:96::4"],
	[],
);

const nodePorts = fc.constantFrom(0, 0, 30_080, 30_081);

const servicePorts = fc
	.tuple(
		fc.subarray(
			[
				{ name: "http", protocol: "TCP", port: 80 },
				{ name: "dns", protocol: "UDP", port: 53 },
				{ name: "dns-tcp", protocol: "TCP", port: 53 },
				{ name: "assoc", protocol: "SCTP", port: 90 },
			] as const,
			{ minLength: 1 },
		),
		fc.array(nodePorts, { minLength: 4, maxLength: 4 }),
	)
	.map(([ports, numbers]) => ports.map((port, i) => ({ ...port, nodePort: numbers[i] ?? 0 })));

const policy = fc.constantFrom("Cluster", "Cluster", "Local");

const services: fc.Arbitrary<ServiceObject> = fc
	.record({
		name: fc.constantFrom(...names),
		flip: fc.nat(5),
		parts: fc.record({
			clusterIPs,
			ports: servicePorts,
			type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer"),
			createdMs: fc.constantFrom(undefined, 1, 2),
			externalTrafficPolicy: policy,
			internalTrafficPolicy: policy,
			affinityTimeoutS: fc.constantFrom(0, 0, 30),
			externalIPs: fc.constantFrom([], [], ["198.51.100.2"], ["198.51.100.1", "2001:db8::2"]),
			loadBalancerIPs: fc.constantFrom([], ["198.51.100.1"], ["198.51.100.1", "2001:db8::1"]),
			loadBalancerSourceRanges: fc.oneof(
				fc.constant([]),
				fc.subarray(["10.0.0.0/8", "192.0.2.0/24", "192.0.2.7/25", "2001:db8::/32"]),
			),
		}),
	})
	.map(({ name, flip, parts }) => {
		// Now and then a port keeps its name and changes its protocol.
		const ports = parts.ports.map((port) =>
			port.name === "dns" && flip === 0 ? { ...port, protocol: "TCP" as const } : port,
		);
		return service(name, { ...parts, ports });
	});

/** This node, whose zone decides which hints count. */
const nodes = fc.constantFrom("", "zone-a", "zone-b").map((zone) => node(NODE.nodeName, { zone }));

/** A pod stays on its node for life. */
const nodeOf = (address: string) => (/[12]$/.test(address) ? NODE.nodeName : "elsewhere");

const conditions = fc.constantFrom(
	{ ready: true, serving: true, terminating: false },
	{ ready: true, serving: true, terminating: false },
	{ ready: false, serving: true, terminating: true },
	{ ready: false, serving: false, terminating: true },
	{ ready: false, serving: false, terminating: false },
);

const zones = fc.constantFrom([], ["zone-a"], ["zone-a"], ["zone-b"]);

function endpoints(addresses: readonly string[]): fc.Arbitrary<readonly Partial<SliceEndpoint>[]> {
	return fc.subarray([...addresses]).chain((chosen) =>
		fc.tuple(
			...chosen.map((address) =>
				fc.tuple(conditions, zones).map(([condition, forZones]) => ({
					addresses: [address],
					nodeName: nodeOf(address),
					forZones,
					...condition,
				})),
			),
		),
	);
}

const slicePorts = fc.constantFrom(8080, 9090).map(
	(number) =>
		[
			{ name: "http", protocol: "TCP", port: number },
			{ name: "dns", protocol: "UDP", port: 5353 },
			{ name: "dns-tcp", protocol: "TCP", port: 5353 },
			{ name: "assoc", protocol: "SCTP", port: 9899 },
		] as const,
);

const slices: fc.Arbitrary<EndpointSliceObject> = fc
	.record({
		name: fc.constantFrom("s1", "s2", "s3", "s4", "s5", "s6"),
		service: fc.constantFrom(...names),
		ports: slicePorts,
		content: fc.oneof(
			fc.record({ addressType: fc.constant("IPv4" as const), endpoints: endpoints(addresses4) }),
			fc.record({ addressType: fc.constant("IPv6" as const), endpoints: endpoints(addresses6) }),
		),
	})
	.map(({ name, service: of, ports, content }) => slice(name, { of: of, ports, ...content }));

const change: fc.Arbitrary<Change> = fc
	.tuple(
		fc.oneof(
			{ arbitrary: services, weight: 5 },
			{ arbitrary: slices, weight: 6 },
			{ arbitrary: nodes, weight: 1 },
		),
		fc.integer({ min: 0, max: 4 }),
	)
	.map(([object, chance]) => ({
		kind: object.kind,
		namespace: object.namespace,
		name: object.name,
		object: chance === 0 ? undefined : object,
	}));

const step: fc.Arbitrary<Step> = fc.record({
	changes: fc.array(change, { minLength: 1, maxLength: 4 }),
	waitMs: fc.constantFrom(0, 300, 1000, 2500),
});

/** A life of a small cluster, in steps. */
export const steps = (maxLength: number): fc.Arbitrary<Step[]> => fc.array(step, { minLength: 1, maxLength });

/** The objects that exist after these changes, in the order in which they first came. */
export function objectsAfter(changes: Iterable<Change>): ApiObject[] {
	const objects = new Map<string, ApiObject>();
	for (const { kind, namespace, name, object } of changes) {
		const key = `${kind} ${namespace}/${name}`;
		if (object) objects.set(key, object);
		else objects.delete(key);
	}
	return [...objects.values()];
}
