import test from "ava";
import { createModel } from "../../src/model/model.ts";
import type { ServiceObject, SliceEndpoint } from "../../src/model/objects.ts";
import { come, node, port, service, slice } from "./objects.ts";

/** What an endpoint is, in letters: R ready, S serving, T terminating, L on this node; then its hints. */
interface Shape {
	ready: boolean;
	serving: boolean;
	terminating: boolean;
	local: boolean;
	zones: readonly string[];
	nodes: readonly string[];
}

const CONDITIONS = [
	{ ready: true, serving: true, terminating: false },
	{ ready: true, serving: true, terminating: true },
	{ ready: false, serving: true, terminating: true },
	{ ready: false, serving: true, terminating: false },
	{ ready: false, serving: false, terminating: true },
	{ ready: false, serving: false, terminating: false },
];
const HINTS = [
	{ zones: [], nodes: [] },
	{ zones: ["near"], nodes: [] },
	{ zones: ["far"], nodes: [] },
	{ zones: ["far", "near"], nodes: ["node-a"] },
	{ zones: ["near"], nodes: ["node-b"] },
	{ zones: [], nodes: ["node-b", "node-a"] },
];
const POLICIES: readonly Partial<ServiceObject>[] = [
	{},
	{ internalTrafficPolicy: "Local" },
	{ type: "NodePort", ports: [port({ nodePort: 30080 })] },
	{ type: "NodePort", ports: [port({ nodePort: 30080 })], externalTrafficPolicy: "Local" },
	{
		type: "NodePort",
		ports: [port({ nodePort: 30080 })],
		externalTrafficPolicy: "Local",
		internalTrafficPolicy: "Local",
	},
	{
		type: "NodePort",
		ports: [port({ nodePort: 30080 })],
		internalTrafficPolicy: "Local",
	},
];

const SHAPES: readonly Shape[] = CONDITIONS.flatMap((conditions) =>
	[true, false].flatMap((local) => HINTS.map((hints) => ({ ...conditions, local, ...hints }))),
);

/** Fewer shapes for the third endpoint, as no rule is about three. */
const THIRD: readonly (Shape | undefined)[] = [
	undefined,
	{ ready: true, serving: true, terminating: false, local: false, zones: ["near"], nodes: ["node-b"] },
	{ ready: false, serving: true, terminating: true, local: true, zones: [], nodes: [] },
];

/**
 * The documented rules in plain words. Ready endpoints first; without any, those that terminate and serve. Hints are
 * followed only if each ready endpoint has one, and one of them is for here; a node's before a zone's.
 */
function oracle(shapes: readonly Shape[], { parts, zone }: { parts: Partial<ServiceObject>; zone: string }) {
	const outside = parts.type === "NodePort";
	const anyCluster = outside || parts.internalTrafficPolicy !== "Local";
	const anyLocal =
		parts.internalTrafficPolicy === "Local" || (outside && parts.externalTrafficPolicy === "Local");
	const ready = shapes.filter((shape) => shape.ready);
	const leaving = shapes.filter((shape) => !shape.ready && shape.serving && shape.terminating);

	let cluster = ready.length > 0 ? ready : leaving;
	const allNodes = ready.filter((shape) => shape.nodes.length === 0).length === 0;
	const allZones = ready.filter((shape) => shape.zones.length === 0).length === 0;
	const forMe = ready.filter((shape) => shape.nodes.includes("node-a"));
	const forMyZone = ready.filter((shape) => zone !== "" && shape.zones.includes(zone));
	if (allNodes && forMe.length > 0) cluster = forMe;
	else if (allZones && forMyZone.length > 0) cluster = forMyZone;

	const readyHere = ready.filter((shape) => shape.local);
	const local = readyHere.length > 0 ? readyHere : leaving.filter((shape) => shape.local);

	return shapes.flatMap((shape, index) => {
		const forCluster = anyCluster && cluster.includes(shape);
		const forLocal = anyLocal && local.includes(shape);
		const flowsGoOn = leaving.includes(shape) && (anyCluster || shape.local);
		if (!forCluster && !forLocal && !flowsGoOn) return [];
		const state = shape.ready ? "active" : "terminating";
		return [{ address: `10.0.0.${index + 1}`, port: 8080, state, local: shape.local, forCluster, forLocal }];
	});
}

function toEndpoint(shape: Shape, index: number): Partial<SliceEndpoint> {
	const { ready, serving, terminating, local, zones, nodes } = shape;
	return {
		addresses: [`10.0.0.${index + 1}`],
		ready,
		serving,
		terminating,
		nodeName: local ? "node-a" : "node-b",
		forZones: zones,
		forNodes: nodes,
	};
}

for (const zone of ["near", ""]) {
	for (const parts of POLICIES) {
		const what = JSON.stringify({ zone, type: "ClusterIP", ...parts, ports: undefined });
		test(`Every pair of endpoints is chosen from by the rules with ${what}`, (t) => {
			const model = createModel({ nodeName: "node-a" });
			model.update(come(node("node-a", { zone }), service("web", parts)));
			let compared = 0;
			for (const first of SHAPES) {
				for (const second of SHAPES) {
					for (const third of THIRD) {
						const shapes = [first, { ...second }, ...(third ? [third] : [])];
						model.update(come(slice("web-1", { of: "web", endpoints: shapes.map(toEndpoint) })));
						const endpoints = [...model.rows()][0]?.[1].endpoints;
						if (JSON.stringify(endpoints) !== JSON.stringify(oracle(shapes, { parts, zone }))) {
							t.deepEqual(endpoints as unknown, oracle(shapes, { parts, zone }), JSON.stringify(shapes));
							return;
						}
						compared += 1;
					}
				}
			}
			t.is(compared, SHAPES.length ** 2 * THIRD.length);
		});
	}
}

test("Without a node name no endpoint is local", (t) => {
	const model = createModel();
	model.update(
		come(
			service("web", { internalTrafficPolicy: "Local" }),
			slice("web-1", { of: "web", endpoints: [{ addresses: ["10.0.0.1"], nodeName: "" }, "10.0.0.2"] }),
		),
	);
	t.deepEqual([...model.rows()][0]?.[1].endpoints, []);
});

test("When the node's zone changes, rows with hints for zones change and no others", (t) => {
	const model = createModel({ nodeName: "node-a" });
	const hinted = (zone: string, address: string) => ({ addresses: [address], forZones: [zone] });
	model.update(
		come(
			service("web"),
			service("plain", { clusterIPs: ["10.96.0.2"] }),
			slice("web-1", { of: "web", endpoints: [hinted("z1", "10.0.0.1"), hinted("z2", "10.0.0.2")] }),
			slice("plain-1", { of: "plain", endpoints: ["10.0.0.3"] }),
		),
	);
	const chosen = () =>
		[...model.rows()]
			.find(([id]) => id === "shop/web:http/IPv4")?.[1]
			.endpoints.map(({ address }) => address);
	t.deepEqual(chosen(), ["10.0.0.1", "10.0.0.2"]);
	const update = model.update(come(node("node-a", { zone: "z2" })));
	t.deepEqual([...update.rows.keys()], ["shop/web:http/IPv4"]);
	t.deepEqual(chosen(), ["10.0.0.2"]);
	t.is(model.update(come(node("node-b", { zone: "z1" }))).rows.size, 0);
	model.update(come(node("node-a", { zone: "z1" })));
	t.deepEqual(chosen(), ["10.0.0.1"]);
});
