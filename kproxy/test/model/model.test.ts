import test from "ava";
import { createModel } from "../../src/model/model.ts";
import type { EndpointSliceObject, ServiceObject } from "../../src/model/objects.ts";
import { come, go, port, service, slice } from "./objects.ts";

interface RowsCase {
	title: string;
	service?: Partial<ServiceObject>;
	slices: EndpointSliceObject[];
	/** By row id: endpoints as `address:port`, those that terminate with a `~`, those without new flows in brackets. */
	rows: Record<string, string>;
	problems?: RegExp[];
}

const dualStack = { clusterIPs: ["10.96.0.1", "fd00:96::1"] };
const terminating = { ready: false, serving: true, terminating: true };
const notReady = { ready: false, serving: false, terminating: false };

const cases: RowsCase[] = [
	{
		title: "a Service without slices has a row without endpoints",
		slices: [],
		rows: { "shop/web:http/IPv4": "" },
	},
	{
		title: "several slices of a Service are merged and sorted",
		slices: [
			slice("web-b", { of: "web", endpoints: ["10.0.0.3"] }),
			slice("web-a", { of: "web", endpoints: ["10.0.0.2", "10.0.0.1"] }),
		],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080" },
	},
	{
		title: "an endpoint that two slices have counts once",
		slices: [
			slice("web-a", { of: "web", endpoints: ["10.0.0.1"] }),
			slice("web-b", { of: "web", endpoints: ["10.0.0.1"] }),
		],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080" },
	},
	{
		title: "an endpoint that is ready in one slice and terminating in another is ready",
		slices: [
			slice("web-a", { of: "web", endpoints: [{ addresses: ["10.0.0.1"], ...terminating }] }),
			slice("web-b", { of: "web", endpoints: ["10.0.0.1"] }),
		],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080" },
	},
	{
		title: "within one slice the later entry of an address counts",
		slices: [
			slice("web-a", {
				of: "web",
				endpoints: ["10.0.0.1", { addresses: ["10.0.0.1"], ...notReady }, "10.0.0.2"],
			}),
		],
		rows: { "shop/web:http/IPv4": "10.0.0.2:8080" },
	},
	{
		title: "within one slice an entry that terminates does not replace one that does not",
		slices: [
			slice("web-a", { of: "web", endpoints: ["10.0.0.1", { addresses: ["10.0.0.1"], ...terminating }] }),
		],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080" },
	},
	{
		title: "endpoints that are not ready are left out",
		slices: [
			slice("web-a", { of: "web", endpoints: ["10.0.0.1", { addresses: ["10.0.0.2"], ...notReady }] }),
		],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080" },
	},
	{
		title: "terminating endpoints that serve take no new flows while one is ready",
		slices: [
			slice("web-a", { of: "web", endpoints: ["10.0.0.1", { addresses: ["10.0.0.2"], ...terminating }] }),
		],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080 (~10.0.0.2:8080)" },
	},
	{
		title: "terminating endpoints that serve are used where none is ready",
		slices: [
			slice("web-a", {
				of: "web",
				endpoints: [
					{ addresses: ["10.0.0.1"], ...notReady },
					{ addresses: ["10.0.0.2"], ...terminating },
				],
			}),
		],
		rows: { "shop/web:http/IPv4": "~10.0.0.2:8080" },
	},
	{
		title: "an endpoint that is published though not ready comes as ready, also when it terminates",
		slices: [slice("web-a", { of: "web", endpoints: [{ addresses: ["10.0.0.1"], terminating: true }] })],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080" },
	},
	{
		title: "slices may map one port name to different numbers",
		slices: [
			slice("web-a", { of: "web", endpoints: ["10.0.0.1"] }),
			slice("web-b", {
				of: "web",
				ports: [{ name: "http", protocol: "TCP", port: 9090 }],
				endpoints: ["10.0.0.1", "10.0.0.2"],
			}),
		],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080 10.0.0.1:9090 10.0.0.2:9090" },
	},
	{
		title: "each family has its own row with the endpoints of its own slices",
		service: dualStack,
		slices: [
			slice("web-a", { of: "web", endpoints: ["10.0.0.1"] }),
			slice("web-6", { of: "web", addressType: "IPv6", endpoints: ["fd00::1"] }),
		],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080", "shop/web:http/IPv6": "fd00::1:8080" },
	},
	{
		title: "a family without endpoints has a row that refuses",
		service: dualStack,
		slices: [slice("web-a", { of: "web", endpoints: ["10.0.0.1"] })],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080", "shop/web:http/IPv6": "" },
	},
	{
		title: "IPv6 addresses have one spelling",
		service: { clusterIPs: ["FD00:0096::0001"] },
		slices: [
			slice("web-a", { of: "web", addressType: "IPv6", endpoints: ["fd00::1", "FD00:0:0:0:0:0:0:1"] }),
		],
		rows: { "shop/web:http/IPv6": "fd00::1:8080" },
	},
	{
		title: "a port finds endpoints by name and protocol",
		service: { ports: [port(), port({ name: "dns", protocol: "UDP", port: 53 })] },
		slices: [
			slice("web-a", {
				of: "web",
				ports: [
					{ name: "dns", protocol: "UDP", port: 5353 },
					{ name: "http", protocol: "UDP", port: 1 },
				],
				endpoints: ["10.0.0.1"],
			}),
		],
		rows: { "shop/web:http/IPv4": "", "shop/web:dns/IPv4": "10.0.0.1:5353" },
	},
	{
		title: "a single port may have no name",
		service: { ports: [port({ name: "" })] },
		slices: [
			slice("web-a", {
				of: "web",
				ports: [{ name: "", protocol: "TCP", port: 8080 }],
				endpoints: ["10.0.0.1"],
			}),
		],
		rows: { "shop/web:/IPv4": "10.0.0.1:8080" },
	},
	{ title: "a headless Service has no rows", service: { clusterIPs: [] }, slices: [], rows: {} },
	{ title: "clusterIP None has no rows", service: { clusterIPs: ["None"] }, slices: [], rows: {} },
	{ title: "ExternalName has no rows", service: { type: "ExternalName" }, slices: [], rows: {} },
	{
		title: "FQDN slices are ignored",
		slices: [slice("web-a", { of: "web", addressType: "FQDN", endpoints: ["db.example.com"] })],
		rows: { "shop/web:http/IPv4": "" },
	},
	{
		title: "slices of other Services and of none are ignored",
		slices: [
			slice("a", { of: "other", endpoints: ["10.0.0.1"] }),
			slice("b", { of: "", endpoints: ["10.0.0.2"] }),
		],
		rows: { "shop/web:http/IPv4": "" },
	},
	{
		title: "an SCTP port is served as any other",
		service: { ports: [port({ name: "s", protocol: "SCTP", port: 7 }), port()] },
		slices: [
			slice("web-a", {
				of: "web",
				ports: [{ name: "s", protocol: "SCTP", port: 7007 }],
				endpoints: ["10.0.0.1"],
			}),
		],
		rows: { "shop/web:s/IPv4": "10.0.0.1:7007", "shop/web:http/IPv4": "" },
	},
	{
		title: "a clusterIP that is no address is a problem and the other family serves",
		service: { clusterIPs: ["10.96.0.300", "fd00:96::1"] },
		slices: [slice("web-a", { of: "web", addressType: "IPv6", endpoints: ["fd00::1"] })],
		rows: { "shop/web:http/IPv6": "fd00::1:8080" },
		problems: [/clusterIP "10\.96\.0\.300" is not an address/],
	},
	{
		title: "an IPv4-mapped clusterIP would be the IPv4 one again and is refused",
		service: { clusterIPs: ["::ffff:10.96.0.1"] },
		slices: [],
		rows: {},
		problems: [/clusterIP "::ffff:10\.96\.0\.1" is not an address/],
	},
	{
		title: "a second clusterIP of one family is a problem",
		service: { clusterIPs: ["10.96.0.1", "10.96.0.2"] },
		slices: [],
		rows: { "shop/web:http/IPv4": "" },
		problems: [/10\.96\.0\.2 is its second IPv4 one/],
	},
	{
		title: "port numbers that nobody can dial are problems",
		service: { ports: [port({ name: "zero", port: 0 }), port({ name: "big", port: 70000 }), port()] },
		slices: [],
		rows: { "shop/web:http/IPv4": "" },
		problems: [/port "zero" has number 0/, /port "big" has number 70000/],
	},
	{
		title: "of two ports with one name the first serves",
		service: { ports: [port(), port({ protocol: "UDP", port: 53 })] },
		slices: [],
		rows: { "shop/web:http/IPv4": "" },
		problems: [/port "http" has a name used twice/],
	},
	{
		title: "of two ports that claim one frontend the first serves",
		service: { ports: [port(), port({ name: "again" })] },
		slices: [],
		rows: { "shop/web:http/IPv4": "" },
		problems: [/10\.96\.0\.1:80\/TCP belongs to another port of the same Service/],
	},
	{
		title: "a bad endpoint is a problem of its slice and the others serve",
		slices: [slice("web-a", { of: "web", endpoints: ["10.0.0.1", "10.0.0", "fd00::1"] })],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080" },
		problems: [
			/^EndpointSlice shop\/web-a: endpoint "10\.0\.0" is not an IPv4/,
			/endpoint "fd00::1" is not an IPv4/,
		],
	},
	{
		title: "a slice port without a number is a problem of its slice",
		slices: [
			slice("web-a", {
				of: "web",
				ports: [{ name: "http", protocol: "TCP", port: undefined }],
				endpoints: ["10.0.0.1"],
			}),
		],
		rows: { "shop/web:http/IPv4": "" },
		problems: [/^EndpointSlice shop\/web-a: port "http" has no number/],
	},
	{
		title: "an endpoint without addresses is left out",
		slices: [slice("web-a", { of: "web", endpoints: [{ addresses: [] }, "10.0.0.1"] })],
		rows: { "shop/web:http/IPv4": "10.0.0.1:8080" },
	},
];

for (const { title, service: parts, slices, rows, problems = [] } of cases) {
	test(title, (t) => {
		const objects = [service("web", parts), ...slices];
		// Whatever the order in which they come.
		for (const ordered of [objects, objects.toReversed()]) {
			const model = createModel();
			for (const object of ordered) model.update(come(object));
			t.deepEqual(endpointsOf(model), rows);
			const messages = [...model.problems.values()].map(({ message }) => message);
			t.is(messages.length, problems.length, messages.join("\n"));
			for (const expected of problems)
				t.true(
					messages.some((message) => expected.test(message)),
					String(expected),
				);
		}
	});
}

function endpointsOf(model: ReturnType<typeof createModel>): Record<string, string> {
	const texts: Record<string, string> = {};
	for (const [id, row] of model.rows()) {
		texts[id] = row.endpoints
			.map(({ address, port, state, forCluster }) => {
				const text = `${state === "terminating" ? "~" : ""}${address}:${port}`;
				return forCluster ? text : `(${text})`;
			})
			.join(" ");
	}
	return texts;
}

test("an update names only the rows whose content changed", (t) => {
	const model = createModel();
	const two = service("web", { ports: [port(), port({ name: "dns", protocol: "UDP", port: 53 })] });
	const first = model.update(come(two, service("other", { clusterIPs: ["10.96.0.9"] })));
	t.is(first.rows.size, 3);
	const second = model.update(come(slice("web-a", { of: "web", endpoints: ["10.0.0.1"] })));
	t.deepEqual([...second.rows.keys()], ["shop/web:http/IPv4"]);
	const third = model.update(come(slice("web-b", { of: "web", endpoints: ["10.0.0.1"] }), two));
	t.is(third.rows.size, 0);
	const fourth = model.update(go(two));
	t.deepEqual([...fourth.rows.entries()].sort(), [
		["shop/web:dns/IPv4", undefined],
		["shop/web:http/IPv4", undefined],
	]);
});

test("a slice that moves to another Service leaves the first", (t) => {
	const model = createModel();
	const other = service("other", { clusterIPs: ["10.96.0.9"] });
	model.update(come(service("web"), other, slice("a", { of: "web", endpoints: ["10.0.0.1"] })));
	model.update(come(slice("a", { of: "other", endpoints: ["10.0.0.1"] })));
	t.deepEqual(endpointsOf(model), { "shop/web:http/IPv4": "", "shop/other:http/IPv4": "10.0.0.1:8080" });
	model.update(come(slice("a", { of: "", endpoints: ["10.0.0.1"] })));
	t.deepEqual(endpointsOf(model), { "shop/web:http/IPv4": "", "shop/other:http/IPv4": "" });
});

test("an object that cannot be read is a problem, its last rows stay and the others change", (t) => {
	const model = createModel();
	model.update(come(service("web"), slice("web-1", { of: "web", endpoints: ["10.0.0.1"] })));
	const broken = { ...service("web"), ports: undefined } as unknown as ServiceObject;
	model.update(come(broken, service("other", { clusterIPs: ["10.96.0.9"] })));
	t.deepEqual(endpointsOf(model), { "shop/web:http/IPv4": "10.0.0.1:8080", "shop/other:http/IPv4": "" });
	t.regex(
		[...model.problems.values()][0]?.message ?? "",
		/^Service shop\/web: cannot be read .* its last state/,
	);
	model.update(come(service("web")));
	t.is(model.problems.size, 0);
});

test("trigger times come from slices that change rows, each once", (t) => {
	const model = createModel();
	const at = (triggerTimeMs: number, ...endpoints: string[]) =>
		slice("web-1", { of: "web", triggerTimeMs, endpoints });
	t.deepEqual(model.update(come(service("web"), at(1000, "10.0.0.1"))).triggerTimesMs, [1000]);
	t.deepEqual(model.update(come(at(2000, "10.0.0.1"))).triggerTimesMs, []);
	t.deepEqual(model.update(come(at(2000, "10.0.0.2"))).triggerTimesMs, []);
	t.deepEqual(model.update(come(at(3000, "10.0.0.3"))).triggerTimesMs, [3000]);
	t.deepEqual(model.update(go(at(4000))).triggerTimesMs, []);
});

test("what has gone leaves nothing behind", (t) => {
	const model = createModel();
	const objects = [
		service("web"),
		service("b"),
		slice("web-1", { of: "web", endpoints: ["10.0.0.1", "bad"] }),
	];
	model.update(come(...objects));
	model.update(go(...objects));
	t.deepEqual(model.counts(), { services: 0, slices: 0, rows: 0 });
	t.is(model.problems.size, 0);
});
