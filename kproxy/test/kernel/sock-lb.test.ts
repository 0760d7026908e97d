import test from "ava";
import { chiSquare, chiSquareBound } from "../lab/chi-square.ts";
import { sweepLabs } from "../lab/lab.ts";
import { DIAL_REFUSED } from "../lab/refusals.ts";
import { BACKEND_PORT, backendAt, createStage, PORT, type Stage, setFrontend } from "./sock-lb-stage.ts";

/** Last part of each frontend's address, and the names of the backends in its range. */
const FRONTENDS = {
	a: { number: 1, backends: ["a"] },
	/** Another frontend of the same backend. */
	alsoA: { number: 2, backends: ["a"] },
	b: { number: 3, backends: ["b"] },
	both: { number: 4, backends: ["a", "b"] },
	hundred: { number: 5, backends: Array.from({ length: 100 }, (_, index) => `n${index}`) },
	none: { number: 6, backends: [] },
	unreachable: { number: 7, backends: ["nowhere"] },
	wrongFamily: { number: 8, backends: ["a"] },
	freeBackend: { number: 9, backends: ["free"] },
	noSlot: { number: 10, backends: ["a"] },
	torn: { number: 11, backends: ["a"] },
} as const;
type FrontendName = keyof typeof FRONTENDS;

const NAMES = ["a", "b", ...FRONTENDS.hundred.backends];
const OUTSIDE = 1 << 20;

/** How addresses are dialled, and with which sockets. */
const FAMILIES = [
	{ family: "IPv4", kind: "4", frontend: "10.96.0.", backend: "10.1.0.", nowhere: "192.0.2.1" },
	{
		family: "IPv6",
		kind: "6",
		frontend: "[fd00:10:96::",
		backend: "[fd00:10:1::",
		nowhere: "2001:db8::1",
	},
	{
		family: "IPv4 through an IPv6 socket",
		kind: "6",
		frontend: "[::ffff:10.96.0.",
		backend: "[::ffff:10.1.0.",
		nowhere: "192.0.2.1",
	},
] as const;
type Family = (typeof FAMILIES)[number];

let stage: Stage;

/** What a client dials: `10.96.0.1:80`, `[fd00:10:96::1]:80`. */
function frontend({ frontend: prefix }: Family, name: FrontendName): string {
	return `${prefix}${FRONTENDS[name].number}${prefix.startsWith("[") ? "]" : ""}:${PORT}`;
}

function backend({ backend: prefix }: Pick<Family, "backend">, name: string): string {
	return `${prefix}${NAMES.indexOf(name) + 1}${prefix.startsWith("[") ? "]" : ""}:${BACKEND_PORT}`;
}

/** The address alone, as maps and servers have it. */
function host(endpoint: string): string {
	return endpoint.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

/** One family's frontends; slots are the numbers of the backends, in ranges of 128. */
function fill({ maps }: Stage, family: Family, firstNumber: number): void {
	const other = FAMILIES.find(({ kind }) => kind !== family.kind) ?? family;
	for (const [at, name] of (Object.keys(FRONTENDS) as FrontendName[]).entries()) {
		const { backends } = FRONTENDS[name];
		const firstSlot = firstNumber + at * 128;
		const address = host(frontend(family, name));
		setFrontend(maps, {
			address,
			firstSlot: name === "noSlot" ? OUTSIDE : firstSlot,
			slotCount: backends.length,
			torn: name === "torn",
		});
		if (name === "noSlot" || name === "freeBackend") continue;
		const from = name === "wrongFamily" ? other : family;
		const addresses = backends.map((each) =>
			each === "nowhere" ? family.nowhere : host(backend(from, each)),
		);
		maps.backends.setAll(addresses.map((each, index) => [firstSlot + index + 1, backendAt(each)]));
		maps.slots.setAll(addresses.map((_, index) => [firstSlot + index, firstSlot + index + 1]));
	}
}

async function serve({ lab, namespace }: Stage): Promise<void> {
	const server = await lab.agent("server", { namespace, cgroup: "others" });
	const places = FAMILIES.slice(0, 2).flatMap((family) =>
		NAMES.map((name) => ({ name, address: host(backend(family, name)) })),
	);
	namespace.ip(
		places.map(({ address }) => `addr add ${address} dev lo${address.includes(":") ? " nodad" : ""}`),
	);
	for (const protocol of ["TCP", "UDP"] as const) {
		await Promise.all(places.map((place) => server.listen({ protocol, port: BACKEND_PORT, ...place })));
	}
}

test.before(async () => {
	sweepLabs();
	stage = createStage("sock-lb", { errno: true });
	fill(stage, FAMILIES[0], 1);
	fill(stage, FAMILIES[1], 1 << 16);
	await serve(stage);
});

test.after.always(() => stage?.close());

for (const family of FAMILIES) {
	const to = (name: FrontendName) => frontend(family, name);
	const direct = (name: string) => backend(family, name);
	const title = (text: string) => `${text}, over ${family.family}`;
	const tcp = `tcp${family.kind}`;
	const udp = `udp${family.kind}`;

	const cases: { name: string; steps: string[]; lines: string[] }[] = [
		{
			name: "A TCP socket that dialled a frontend sees the frontend as its peer",
			steps: [tcp, `connect=${to("a")}`, "peer"],
			lines: ["connect ok", `peer ${to("a")}`],
		},
		...[tcp, udp].map((socket) => ({
			name: `A ${socket.slice(0, 3)} socket that dialled a backend sees the backend`,
			steps: [socket, `connect=${direct("a")}`, "peer"],
			lines: ["connect ok", `peer ${direct("a")}`],
		})),
		{
			name: "Two sockets on one backend each see the frontend that they dialled",
			steps: [udp, `connect=${to("a")}`, udp, `connect=${to("alsoA")}`, "peer", "use=0", "peer"],
			lines: ["connect ok", "connect ok", `peer ${to("alsoA")}`, `peer ${to("a")}`],
		},
		{
			name: "A connected UDP socket sees replies come from the frontend",
			steps: [udp, `connect=${to("a")}`, "send", "recv", "peer"],
			lines: ["connect ok", `recv a from ${to("a")}`, `peer ${to("a")}`],
		},
		{
			name: "A UDP socket that connects again sees the frontend dialled last",
			steps: [udp, `connect=${to("a")}`, `connect=${to("b")}`, "send", "recv", "peer"],
			lines: ["connect ok", "connect ok", `recv b from ${to("b")}`, `peer ${to("b")}`],
		},
		{
			name: "A UDP socket that connects again to another frontend of its backend sees that one",
			steps: [udp, `connect=${to("a")}`, `connect=${to("alsoA")}`, "send", "recv", "peer"],
			lines: ["connect ok", "connect ok", `recv a from ${to("alsoA")}`, `peer ${to("alsoA")}`],
		},
		{
			name: "A UDP socket that connects again, to its backend directly, sees the backend",
			steps: [udp, `connect=${to("a")}`, `connect=${direct("a")}`, "send", "recv", "peer"],
			lines: ["connect ok", "connect ok", `recv a from ${direct("a")}`, `peer ${direct("a")}`],
		},
		{
			name: "A UDP socket that disconnected has no peer, and sees a backend as what it is",
			steps: [udp, `connect=${to("a")}`, "disconnect", "peer", `sendto=${direct("a")}`, "recv"],
			lines: ["connect ok", "disconnect ok", "peer ENOTCONN", `recv a from ${direct("a")}`],
		},
		{
			name: "A TCP socket that disconnected connects again",
			steps: [tcp, `connect=${to("a")}`, "disconnect", `connect=${to("b")}`, "peer"],
			lines: ["connect ok", "disconnect ok", "connect ok", `peer ${to("b")}`],
		},
		{
			name: "A refused connect leaves a connected UDP socket as it was",
			steps: [udp, `connect=${to("a")}`, `connect=${to("none")}`, "peer", "send", "recv"],
			lines: ["connect ok", `connect ${DIAL_REFUSED}`, `peer ${to("a")}`, `recv a from ${to("a")}`],
		},
		{
			name: "A connect that fails after the hook never shows the frontend that failed",
			steps: [udp, `connect=${to("a")}`, `connect=${to("unreachable")}`, "peer"],
			lines: ["connect ok", "connect ENETUNREACH", `peer ${direct("a")}`],
		},
		{
			name: "An unconnected UDP socket sees each reply come from its frontend",
			steps: [udp, `sendto=${to("a")}`, "recv", `sendto=${to("b")}`, "recv"],
			lines: [`recv a from ${to("a")}`, `recv b from ${to("b")}`],
		},
		{
			name: "An unconnected UDP socket on two frontends of one backend sees the one dialled last",
			steps: [udp, `sendto=${to("a")}`, `sendto=${to("alsoA")}`, "recv", "recv"],
			lines: [`recv a from ${to("alsoA")}`, `recv a from ${to("alsoA")}`],
		},
		{
			name: "An unconnected UDP socket that dialled a backend sees the backend",
			steps: [udp, `sendto=${direct("b")}`, "recv"],
			lines: [`recv b from ${direct("b")}`],
		},
		{
			name: "An unconnected UDP socket that dialled a frontend, then its backend, sees the backend",
			steps: [udp, `sendto=${to("a")}`, "recv", `sendto=${direct("a")}`, "recv"],
			lines: [`recv a from ${to("a")}`, `recv a from ${direct("a")}`],
		},
		{
			name: "A connected UDP socket that sends to another address is answered by its peer alone",
			steps: [udp, `connect=${to("a")}`, `sendto=${to("b")}`, "recv", "send", "recv"],
			lines: ["connect ok", "recv EAGAIN", `recv a from ${to("a")}`],
		},
		{
			name: "A datagram to a frontend without backends is refused at once",
			steps: [udp, `sendto=${to("none")}`],
			lines: [`send ${DIAL_REFUSED}`],
		},
	];
	for (const { name, steps, lines } of cases) {
		test.serial(title(name), async (t) => t.deepEqual(await stage.client(steps), lines));
	}

	test.serial(title("A socket's datagrams to one frontend all reach the same backend"), async (t) => {
		const lines = await stage.client([udp, "repeat=30", `sendto=${to("hundred")}`, "recv"]);
		t.is(lines.length, 30);
		t.is(new Set(lines).size, 1);
		t.regex(lines[0] ?? "", /^recv n\d+ from /);
		t.true(lines[0]?.endsWith(to("hundred")));
	});

	test.serial(title("Datagrams with an address, on a socket connected to it, reach the peer"), async (t) => {
		const [connected, ...lines] = await stage.client([
			udp,
			`connect=${to("hundred")}`,
			"repeat=30",
			`sendto=${to("hundred")}`,
			"recv",
		]);
		t.is(connected, "connect ok");
		t.is(lines.length, 30);
		t.is(new Set(lines).size, 1);
		t.true(lines[0]?.startsWith("recv n"));
	});

	for (const name of ["a", "both", "hundred"] as const) {
		const { backends } = FRONTENDS[name];
		test.serial(
			title(`A socket that connects again is spread over ${backends.length} backends`),
			async (t) => {
				const rounds = 2_000;
				const steps = [udp, `repeat=${rounds}`, `connect=${to(name)}`, "send", "recv"];
				const lines = (await stage.client(steps)).filter((line) => line !== "connect ok");
				const counts = new Map<string, number>();
				for (const line of lines) {
					const answer = /^recv (\S+) from (\S+)$/.exec(line);
					t.is(answer?.[2], to(name));
					counts.set(answer?.[1] ?? "", (counts.get(answer?.[1] ?? "") ?? 0) + 1);
				}
				t.deepEqual([...counts.keys()].sort(), [...backends].sort());
				const distance = chiSquare([...counts.values()], rounds / backends.length);
				t.true(distance <= chiSquareBound(backends.length - 1), `chi-square is ${distance}`);
			},
		);
	}

	const refusals = [
		{ name: "none", reason: "NO_BACKEND" },
		{ name: "wrongFamily", reason: "WRONG_FAMILY" },
		{ name: "freeBackend", reason: "BACKEND_MISSING" },
		{ name: "noSlot", reason: "SLOT_MISSING" },
		{ name: "torn", reason: "FRONTEND_TORN" },
	] as const;
	for (const { name, reason } of refusals) {
		test.serial(title(`${reason} refuses at once, and is counted once at its hook`), async (t) => {
			const outcomes = await stage.counted(async () => {
				const steps = [tcp, `connect=${to(name)}`, udp, `connect=${to(name)}`, `sendto=${to(name)}`];
				const lines = await stage.client(steps);
				t.deepEqual(lines, [`connect ${DIAL_REFUSED}`, `connect ${DIAL_REFUSED}`, `send ${DIAL_REFUSED}`]);
			});
			t.deepEqual(
				outcomes.map(({ hook, packets, refused, ...each }) => [each.reason, hook, packets, refused]),
				[
					[reason, "CONNECT", 2n, true],
					[reason, "SENDMSG", 1n, true],
				],
			);
		});
	}

	test.serial(title("What passes and what is translated is counted at each hook"), async (t) => {
		const outcomes = await stage.counted(() =>
			stage.client([
				...[udp, `connect=${to("a")}`, "peer", "send", "recv"],
				...[udp, `sendto=${to("b")}`, "recv", `connect=${direct("a")}`, "peer", "send", "recv"],
			]),
		);
		t.deepEqual(
			outcomes.map(({ reason, hook, direction, packets }) => `${reason} ${hook} ${direction} ${packets}`),
			[
				"TRANSLATED CONNECT EGRESS 1",
				"TRANSLATED SENDMSG EGRESS 1",
				"TRANSLATED RECVMSG INGRESS 2",
				"TRANSLATED GETPEERNAME INGRESS 1",
				"NOT_FRONTEND CONNECT EGRESS 1",
				// The kernel hands what such a socket sends to its IPv4 half with the peer's address.
				...(family.frontend.startsWith("[::ffff:") ? ["NOT_FRONTEND SENDMSG EGRESS 2"] : []),
				"NOT_REMEMBERED RECVMSG INGRESS 1",
				"NOT_REMEMBERED GETPEERNAME INGRESS 1",
			],
		);
	});
}

test.serial("A ping socket is let through as it is", async (t) => {
	const lines = await stage.client(["ping4", `connect=${frontend(FAMILIES[0], "none")}`]);
	t.deepEqual(lines, ["connect ENETUNREACH"], "there is no route to frontends here, and no refusal either");
});

test.serial("Of sockets that share a set, those asked last are remembered", async (t) => {
	const [a, b] = [frontend(FAMILIES[0], "a"), frontend(FAMILIES[0], "b")];
	const steps = ["udp4", `connect=${a}`];
	steps.push(`collide=${b}`, "use=0", "peer", "use=1", "peer");
	// Asked for, the first one is kept while two more come by.
	steps.push("use=0", "peer", `collide=${b}`, "peer", `collide=${b}`, "peer");
	// Not asked for, it goes: nothing but the backend is known of it then.
	steps.push(`collide=${b}`, `collide=${b}`, "peer");
	t.deepEqual(
		(await stage.client(steps)).filter((line) => line !== "connect ok"),
		[a, b, a, a, a, backend(FAMILIES[0], "a")].map((peer) => `peer ${peer}`),
	);
});

test.serial("Where the kernel lets a program set no errno, a refused dial gets EPERM", async (t) => {
	const old = createStage("eperm", { errno: false });
	try {
		fill(old, FAMILIES[0], 1);
		const none = frontend(FAMILIES[0], "none");
		const lines = await old.client(["tcp4", `connect=${none}`, "udp4", `connect=${none}`, `sendto=${none}`]);
		t.deepEqual(lines, ["connect EPERM", "connect EPERM", "send EPERM"]);
	} finally {
		old.close();
	}
});
