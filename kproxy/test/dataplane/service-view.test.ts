import test from "ava";
import { FrontendFlag, type Protocol } from "../../src/dataplane/generated/sock_lb.ts";
import { compareViews, describeTables, type FrontendView } from "../../src/dataplane/service-view.ts";
import { describeRows } from "../../src/plan/describe-rows.ts";
import { bench, row } from "../plan/rows.ts";

const web = row("web", { at: "10.96.0.1", endpoints: ["10.0.0.2", "10.0.0.1"] });
const six = row("web", {
	at: "fd00:96::1",
	endpoints: [{ address: "fd00::1", port: 8080, state: "terminating" }],
});

test("tables are described frontend by frontend, with Service and backends, sorted", (t) => {
	const { run, tables } = bench();
	run([six, web]);
	const common = {
		...{ namespace: "shop", name: "web", portName: "http", affinityTimeoutS: 0 },
		...{ externalPolicy: "Cluster", sourceRanges: undefined, nodeAllowed: false },
	} as const;
	const everybody = { local: false, internal: true, external: true };
	t.deepEqual(describeTables(tables), [
		{
			...common,
			address: "10.96.0.1",
			port: 80,
			protocol: "TCP",
			backends: [
				{ number: 3, address: "10.0.0.1", port: 8080, state: "active", ...everybody },
				{ number: 2, address: "10.0.0.2", port: 8080, state: "active", ...everybody },
			],
		},
		{
			...common,
			address: "fd00:96::1",
			port: 80,
			protocol: "TCP",
			backends: [{ number: 1, address: "fd00::1", port: 8080, state: "terminating", ...everybody }],
		},
	]);
});

test("rows and the tables that were written from them compare as equal", (t) => {
	const { run, tables } = bench();
	run([web, six]);
	t.deepEqual(compareViews(describeRows([six, web]), describeTables(tables)), []);
});

test("a backend that one row calls active and another terminating is active in both", (t) => {
	const { run, tables } = bench();
	const dying = row("old", {
		at: "10.96.0.2",
		endpoints: [{ address: "10.0.0.1", port: 8080, state: "terminating" }],
	});
	run([web, dying]);
	const views = describeTables(tables);
	t.deepEqual(
		views.flatMap(({ backends }) => backends.map(({ state }) => state)),
		["active", "active", "active"],
	);
	t.deepEqual(compareViews(describeRows([web, dying]), views), []);
});

test("a frontend that makes no sense is described as it is", (t) => {
	const { tables } = bench();
	tables.frontends.setAll([
		[
			{ address: "10.9.9.9", port: 1, protocol: 99 as Protocol },
			{
				internal: { first: 255, count: 4000000000 },
				external: { first: 4294967295, count: 4294967295 },
				service: 7,
				affinityTimeoutS: 0,
				algorithm: 0,
				flags: FrontendFlag.PLAIN,
				check: 0,
			},
		],
	]);
	t.deepEqual(describeTables(tables), [
		{
			address: "10.9.9.9",
			port: 1,
			protocol: "protocol 99",
			namespace: "",
			name: "",
			portName: "",
			affinityTimeoutS: 0,
			externalPolicy: "Cluster",
			sourceRanges: undefined,
			nodeAllowed: false,
			backends: [
				{ number: 0, address: "::", port: 0, state: "free", local: false, internal: true, external: false },
			],
		},
	]);
});

interface CompareCase {
	title: string;
	change: (view: FrontendView) => FrontendView[];
	differences: string[];
}

const [plain] = describeRows([web]);
if (plain === undefined) throw new Error("no view");

const cases: CompareCase[] = [
	{ title: "nothing", change: (view) => [view], differences: [] },
	{ title: "the number of a backend, which is the kernel's own", change: numbered, differences: [] },
	{ title: "a missing frontend", change: () => [], differences: ["missing"] },
	{
		title: "another port",
		change: (view) => [{ ...view, port: 81 }],
		differences: ["missing", "not expected"],
	},
	{
		title: "another Service",
		change: (view) => [{ ...view, name: "other" }],
		differences: ["belongs to shop/other:http, expected shop/web:http"],
	},
	{
		title: "no Service",
		change: (view) => [{ ...view, name: "" }],
		differences: ["belongs to no Service, expected shop/web:http"],
	},
	{
		title: "another affinity",
		change: (view) => [{ ...view, affinityTimeoutS: 5 }],
		differences: ["affinity lasts 5 s, expected 0 s"],
	},
	{
		title: "another external policy",
		change: (view) => [{ ...view, externalPolicy: "Local" }],
		differences: ["external policy is Local, expected Cluster"],
	},
	{
		title: "source ranges",
		change: (view) => [{ ...view, sourceRanges: ["10.0.0.0/8", "192.0.2.0/24"] }],
		differences: ["admits 10.0.0.0/8, 192.0.2.0/24, expected everybody"],
	},
	{
		title: "source ranges with the node in them",
		change: (view) => [{ ...view, sourceRanges: ["10.0.0.0/8"], nodeAllowed: true }],
		differences: ["admits 10.0.0.0/8 and this node, expected everybody"],
	},
	{
		title: "source ranges that nobody is in",
		change: (view) => [{ ...view, sourceRanges: [] }],
		differences: ["admits nobody, expected everybody"],
	},
	{
		title: "where a backend is",
		change: (view) => [{ ...view, backends: view.backends.map((each) => ({ ...each, local: true })) }],
		differences: [
			"backend 10.0.0.1:8080 is active, local, expected active",
			"backend 10.0.0.2:8080 is active, local, expected active",
		],
	},
	{
		title: "who is sent to a backend",
		change: (view) => [
			{
				...view,
				backends: view.backends.map((each, i) => ({ ...each, internal: i === 0, external: i > 0 })),
			},
		],
		differences: [
			"backend 10.0.0.1:8080 is active, internal clients only, expected active",
			"backend 10.0.0.2:8080 is active, external clients only, expected active",
		],
	},
	{
		title: "a missing backend",
		change: (view) => [{ ...view, backends: view.backends.slice(1) }],
		differences: ["lacks backend 10.0.0.1:8080"],
	},
	{
		title: "another backend and another state",
		change: (view) => [{ ...view, backends: view.backends.map(replaced) }],
		differences: [
			"lacks backend 10.0.0.1:8080",
			"backend 10.0.0.2:8080 is terminating, expected active",
			"has backend [fd00::9]:8080, not expected",
		],
	},
];

function numbered(view: FrontendView): FrontendView[] {
	return [{ ...view, backends: view.backends.map((backend) => ({ ...backend, number: 77 })) }];
}

function replaced(backend: FrontendView["backends"][number]): FrontendView["backends"][number] {
	if (backend.address === "10.0.0.2") return { ...backend, state: "terminating" };
	return { ...backend, address: "fd00::9" };
}

for (const { title, change, differences } of cases) {
	test(`views that differ in ${title}: ${differences.length} differences`, (t) => {
		const found = compareViews([plain], change(plain));
		t.deepEqual(
			found.map(({ difference }) => difference),
			differences,
		);
		if (differences[0] === "missing") t.is(found[0]?.frontend, "10.96.0.1:80/TCP");
	});
}
