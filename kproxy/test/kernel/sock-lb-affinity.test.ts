import test from "ava";
import { type Affinity, BackendState } from "../../src/dataplane/generated/sock_lb.ts";
import { sweepLabs } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespaces.ts";
import { upFor } from "../lab/run.ts";
import {
	backendAt,
	cookieOf,
	createStage,
	PORT,
	type Stage,
	serveNames,
	setFrontend,
} from "./sock-lb-stage.ts";

const TIMEOUT_S = 60;
const SECOND_NS = 1_000_000_000n;
/** Slots that are looked through for a backend that has moved: LOOKED_THROUGH in bpf/lib/affinity.h. */
const LOOKED_THROUGH = 512;
/** So many slots that one of them is never picked by chance. */
const CROWD = 40_000;
/** Backends of one service, at addresses that end in their numbers; the names of their servers are `n1`, `n2`, … */
const BACKENDS = 16;

/** Each has a service of its own, with slots and backend numbers from `first` on. */
const FAMILIES = [
	{ family: "IPv4", kind: "4", first: 0, frontend: "10.96.0.1", dialled: "10.96.0.1", backend: "10.1.0." },
	{
		family: "IPv6",
		kind: "6",
		first: 65_536,
		frontend: "fd00:10:96::1",
		dialled: "[fd00:10:96::1]",
		backend: "fd00:10:1::",
	},
	{
		family: "IPv4 through an IPv6 socket",
		kind: "6",
		first: 0,
		frontend: "10.96.0.1",
		dialled: "[::ffff:10.96.0.1]",
		backend: "10.1.0.",
	},
] as const;
type Family = (typeof FAMILIES)[number];

let stage: Stage;

test.before(async () => {
	await upFor(TIMEOUT_S + 10);
	sweepLabs();
	stage = createStage("sock-affinity", { errno: true });
	const servers = Object.fromEntries(
		FAMILIES.slice(0, 2).flatMap(({ backend }) =>
			Array.from({ length: BACKENDS }, (_, at) => [`${backend}${at + 1}`, `n${at + 1}`]),
		),
	);
	await serveNames(stage, { namespace: stage.namespace, servers });
	await serveNames(stage, { namespace: stage.pod, servers });
});

test.after.always(() => stage?.close());

/** The service as it is at first: all backends active, in the range one after the other; no client is known. */
function reset(family: Family): void {
	const { maps } = stage;
	setRange(
		family,
		Array.from({ length: BACKENDS }, (_, at) => at + 1),
	);
	maps.backends.setAll(
		Array.from({ length: BACKENDS }, (_, at) => [
			family.first + at + 1,
			backendAt(`${family.backend}${at + 1}`),
		]),
	);
	for (const [key] of [...maps.affinity.entries()]) maps.affinity.delete(key);
}

/** Gives the service a range of these backends, from a slot of its part of the map on. */
function setRange({ first, frontend }: Family, backends: readonly number[], offset = 0): void {
	const firstSlot = first + offset;
	stage.maps.slots.setAll(backends.map((number, at) => [firstSlot + at, first + number]));
	setFrontend(stage.maps, {
		address: frontend,
		firstSlot,
		slotCount: backends.length,
		service: first + 1,
		affinityTimeoutS: TIMEOUT_S,
	});
}

function keyOf({ first }: Family, namespace: Namespace) {
	const words = cookieOf(namespace).toString(16).padStart(16, "0").match(/.{4}/g) ?? [];
	// As a codec spells it: without leading zeros, the longest run of zero words as `::`.
	const client = new URL(`http://[::${words.join(":")}]`).hostname.slice(1, -1);
	return { client, service: first + 1 };
}

/** Notes that a namespace has backend 3, in its slot; some of it differs. */
function know(family: Family, known: Partial<Affinity> = {}, namespace = stage.namespace): void {
	const value = {
		seenNs: process.hrtime.bigint(),
		backend: family.first + 3,
		slot: family.first + 2,
		reuse: 0,
	};
	stage.maps.affinity.setAll([[keyOf(family, namespace), { ...value, ...known }]]);
}

/** Who answers sockets that dial, each a new one: TCP and UDP by turns where a socket connects, and UDP that does not. */
async function answers(
	family: Family,
	{ dials = 8, namespace = stage.namespace } = {},
): Promise<Set<string>> {
	const to = `${family.dialled}:${PORT}`;
	const each = [
		...[`tcp${family.kind}`, `connect=${to}`, "send", "recv"],
		...[`udp${family.kind}`, `connect=${to}`, "send", "recv"],
		...[`udp${family.kind}`, `sendto=${to}`, "recv"],
	];
	const steps = Array.from({ length: dials }, () => each).flat();
	const lines = (await stage.client(steps, namespace)).filter((line) => line !== "connect ok");
	return new Set(lines.map((line) => line.split(" ")[1] ?? line));
}

/** Modulo 2^64, as the programs count: the clock of a machine may have begun later than what a test calls long ago. */
const since = (ns: bigint) => BigInt.asUintN(64, process.hrtime.bigint() - ns);

for (const family of FAMILIES) {
	const title = (text: string) => `${text}, over ${family.family}`;

	test.serial(
		title("The sockets of one network namespace keep the backend that the first one got"),
		async (t) => {
			reset(family);
			const [name = "", ...others] = await answers(family);
			t.deepEqual(others, []);
			const number = Number(name.slice(1));
			const { seenNs, ...entry } = stage.maps.affinity.get(keyOf(family, stage.namespace)) ?? { seenNs: 0n };
			t.deepEqual(entry, { backend: family.first + number, slot: family.first + number - 1, reuse: 0 });
			t.true(process.hrtime.bigint() - seenNs < 30n * SECOND_NS);
		},
	);

	test.serial(title("Each network namespace has its own backend"), async (t) => {
		reset(family);
		know(family);
		know(family, { backend: family.first + 5, slot: family.first + 4 }, stage.pod);
		t.deepEqual(await answers(family), new Set(["n3"]));
		t.deepEqual(await answers(family, { namespace: stage.pod }), new Set(["n5"]));
	});

	/** Backend 3 in one slot of so many that nobody gets it by chance. */
	const crowd = Array.from({ length: CROWD }, (_, at) => (at === 2 ? 3 : 1));
	const ages = [
		{ name: "is kept to the end of the timeout", agoS: TIMEOUT_S - 30, kept: true },
		{ name: "is not kept beyond the timeout", agoS: TIMEOUT_S + 2, kept: false },
	];
	for (const { name, agoS, kept } of ages) {
		test.serial(title(`A backend ${name}`), async (t) => {
			reset(family);
			setRange(family, crowd);
			know(family, { seenNs: since(BigInt(agoS) * SECOND_NS) });
			t.deepEqual(await answers(family), new Set([kept ? "n3" : "n1"]));
			const { seenNs = 0n } = stage.maps.affinity.get(keyOf(family, stage.namespace)) ?? {};
			t.true(since(seenNs) < 30n * SECOND_NS, "the timeout begins anew with a dial");
		});
	}

	const fates = [
		{ name: "takes no new clients but serves on in the range", state: BackendState.TERMINATING, kept: true },
		{ name: "no Service has any more", state: BackendState.RETIRED, kept: false },
		{ name: "has been given to another endpoint", reuse: 1, kept: false },
	];
	for (const { name, kept, ...change } of fates) {
		test.serial(title(`A backend that ${name} is ${kept ? "" : "not "}kept`), async (t) => {
			reset(family);
			setRange(family, crowd);
			stage.maps.backends.setAll([[family.first + 3, { ...backendAt(`${family.backend}3`), ...change }]]);
			know(family);
			t.deepEqual(await answers(family), new Set([kept ? "n3" : "n1"]));
		});
	}

	/** Backend 3 at a place among others. */
	const rangeWith = (place: number, count: number) =>
		Array.from({ length: count }, (_, at) => (at === place ? 3 : 1));
	const ranges = [
		{ name: "another range that has it, in another place", place: 100, count: 512, kept: true },
		{ name: "the last place that is looked at", place: LOOKED_THROUGH - 1, count: CROWD, kept: true },
		{
			name: "a place in the range beyond those that are looked at",
			place: LOOKED_THROUGH,
			count: CROWD,
			kept: false,
		},
		{ name: "a range without it", place: -1, count: 512, kept: false },
	];
	for (const { name, place, count, kept } of ranges) {
		test.serial(
			title(`After a change to ${name}, a client ${kept ? "keeps" : "loses"} its backend`),
			async (t) => {
				reset(family);
				know(family);
				setRange(family, rangeWith(place, count), 8192);
				t.deepEqual(await answers(family), new Set([kept ? "n3" : "n1"]));
				const { slot = -1 } = stage.maps.affinity.get(keyOf(family, stage.namespace)) ?? {};
				if (kept) t.is(slot, family.first + 8192 + place, "where to look first from now on");
			},
		);
	}

	test.serial(title("In its place a backend is kept in ranges of any length"), async (t) => {
		reset(family);
		setRange(family, rangeWith(3000, CROWD));
		know(family, { slot: family.first + 3000 });
		t.deepEqual(await answers(family), new Set(["n3"]));
	});

	test.serial(title("A backend that is in its old slot, but outside the range, is not kept"), async (t) => {
		reset(family);
		know(family);
		setRange(family, rangeWith(-1, 512), 8192);
		t.is(stage.maps.slots.get(family.first + 2), family.first + 3);
		t.deepEqual(await answers(family), new Set(["n1"]));
	});
}
