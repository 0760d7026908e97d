import test from "ava";
import { createModel, type Model } from "../../src/model/model.ts";
import type { ServiceObject } from "../../src/model/objects.ts";
import { come, go, port, service, slice } from "./objects.ts";

/** Who has each frontend, by `address:port/protocol`. */
function owners(model: Model): Record<string, string> {
	const found: Record<string, string> = {};
	for (const [, row] of model.rows()) {
		for (const { address, port } of row.frontends) found[`${address}:${port}/${row.protocol}`] = row.name;
	}
	return found;
}

function takenIn(model: Model): string[] {
	return [...model.problems.values()].map(({ object, code }) => `${object} ${code}`);
}

const races: readonly { what: string; services: readonly ServiceObject[]; winner: string }[] = [
	{
		what: "the older one has it",
		services: [service("a", { createdMs: 2000 }), service("b", { createdMs: 1000 })],
		winner: "b",
	},
	{
		what: "of two of one age the first by name has it",
		services: [service("b", { createdMs: 1000 }), service("a", { createdMs: 1000 })],
		winner: "a",
	},
	{
		what: "of two without an age the first by name has it",
		services: [service("b"), service("a")],
		winner: "a",
	},
	{
		what: "one without an age counts as the youngest",
		services: [service("a"), service("b", { createdMs: 1000 })],
		winner: "b",
	},
];

for (const { what, services, winner } of races) {
	test(`When two Services claim one frontend, ${what}, in any order of arrival`, (t) => {
		for (const ordered of [services, services.toReversed()]) {
			const model = createModel();
			for (const object of ordered) model.update(come(object));
			t.deepEqual(owners(model), { "10.96.0.1:80/TCP": winner });
			t.deepEqual(takenIn(model), [`Service shop/${winner === "a" ? "b" : "a"} FRONTEND_TAKEN`]);
		}
	});
}

test("A Service that is deleted and made again in one batch is younger than those that waited", (t) => {
	const model = createModel();
	model.update(come(service("a", { createdMs: 1000 }), service("b", { createdMs: 2000 })));
	t.deepEqual(owners(model), { "10.96.0.1:80/TCP": "a" });
	const update = model.update(come(service("a", { createdMs: 3000 })));
	t.deepEqual([...update.rows.keys()].sort(), ["shop/a:http/IPv4", "shop/b:http/IPv4"]);
	t.deepEqual(owners(model), { "10.96.0.1:80/TCP": "b" });
});

test("Two Services share a load-balancer IP on different ports", (t) => {
	const model = createModel();
	const shared = (name: string, clusterIP: string, number: number): ServiceObject =>
		service(name, {
			type: "LoadBalancer",
			clusterIPs: [clusterIP],
			loadBalancerIPs: ["203.0.113.1"],
			ports: [port({ port: number })],
		});
	model.update(come(shared("a", "10.96.0.1", 80), shared("b", "10.96.0.2", 443)));
	t.deepEqual(takenIn(model), []);
	t.is(owners(model)["203.0.113.1:80/TCP"], "a");
	t.is(owners(model)["203.0.113.1:443/TCP"], "b");
});

test("A NodePort is claimed for each protocol and family, and the loser keeps its other frontends", (t) => {
	const model = createModel();
	const nodePort = (name: string, clusterIPs: string[], protocol: "TCP" | "UDP"): ServiceObject =>
		service(name, { type: "NodePort", clusterIPs, ports: [port({ protocol, nodePort: 30080 })] });
	model.update(
		come(
			nodePort("a", ["10.96.0.1"], "TCP"),
			nodePort("b", ["10.96.0.2"], "UDP"),
			nodePort("c", ["fd00:96::3", "10.96.0.3"], "TCP"),
		),
	);
	const found = owners(model);
	t.is(found["0.0.0.0:30080/TCP"], "a");
	t.is(found["0.0.0.0:30080/UDP"], "b");
	t.is(found[":::30080/TCP"], "c");
	t.is(found["10.96.0.3:80/TCP"], "c");
	t.deepEqual(takenIn(model), ["Service shop/c FRONTEND_TAKEN"]);
	t.regex([...model.problems.values()][0]?.message ?? "", /0\.0\.0\.0:30080\/TCP belongs to Service shop\/a/);
});

test("When the winner of a frontend goes the other takes over, and its problem goes too", (t) => {
	const model = createModel();
	model.update(
		come(service("a"), service("b"), service("c"), slice("b-1", { of: "b", endpoints: ["10.0.0.2"] })),
	);
	const update = model.update(go(service("a")));
	t.deepEqual([...update.rows.keys()].sort(), ["shop/a:http/IPv4", "shop/b:http/IPv4"]);
	t.deepEqual(owners(model), { "10.96.0.1:80/TCP": "b" });
	t.deepEqual(takenIn(model), ["Service shop/c FRONTEND_TAKEN"]);
	model.update(come(service("b", { clusterIPs: ["10.96.0.2"] })));
	t.deepEqual(owners(model), { "10.96.0.1:80/TCP": "c", "10.96.0.2:80/TCP": "b" });
	t.is(model.problems.size, 0);
});
