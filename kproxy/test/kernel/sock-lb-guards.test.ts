import test from "ava";
import { sealFrontend } from "../../src/dataplane/frontend-check.ts";
import { type Cluster, FrontendFlag, Protocol } from "../../src/dataplane/generated/sock_lb.ts";
import { sweepLabs } from "../lab/lab.ts";
import { DIAL_REFUSED } from "../lab/refusals.ts";
import { backendAt, createStage, PORT, type Stage, setFrontend } from "./sock-lb-stage.ts";

const NO_SLOTS = { first: 0, count: 0 };
const NO_PREFIX = { address: "::", mask: "::" };
/** 10.96.0.0/16, mapped, and fd00:10:96::/48. */
const SERVICE_CIDRS = [
	{ address: "10.96.0.0", mask: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:0" },
	{ address: "fd00:10:96::", mask: "ffff:ffff:ffff::" },
];
const GUARDED = ["10.96.0.1", "fd00:10:96::1"];
/** No such address is reached: a dial that passes ends with ENETUNREACH. */
const BACKENDS = ["192.0.2.1", "2001:db8::1"];

const FAMILIES = [
	{ family: "IPv4", kind: "4", at: (last: number) => `10.96.0.${last}`, outside: "10.97.0.1" },
	{ family: "IPv6", kind: "6", at: (last: number) => `[fd00:10:96::${last}]`, outside: "[fd00:10:97::1]" },
	{
		family: "IPv4 through an IPv6 socket",
		kind: "6",
		at: (last: number) => `[::ffff:10.96.0.${last}]`,
		outside: "[::ffff:10.97.0.1]",
	},
] as const;

/** What source ranges make of a dial, by the last part of the frontend's address and by who dials. */
const RANGED = {
	closed: { last: 7, flags: FrontendFlag.SOURCE_RANGES, node: "NOT_IN_RANGES" },
	open: { last: 8, flags: FrontendFlag.SOURCE_RANGES | FrontendFlag.NODE_ALLOWED, node: "TRANSLATED" },
} as const;

let stage: Stage;

test.before(() => {
	sweepLabs();
	stage = createStage("guards", { errno: true });
	const { maps } = stage;
	for (const [at, address] of GUARDED.entries()) {
		setFrontend(maps, { address, firstSlot: at, slotCount: 1 });
		const key = { address, port: 0, protocol: Protocol.ANY };
		const guard = { internal: NO_SLOTS, external: NO_SLOTS, service: 0, affinityTimeoutS: 0 } as const;
		maps.frontends.setAll([[key, sealFrontend(key, { ...guard, algorithm: 0, flags: 0 })]]);
		for (const { last, flags } of Object.values(RANGED)) {
			const ranged = { address: address.replace(/1$/, `${last}`), firstSlot: at, slotCount: 1 };
			// Any number of bits is a value of this enum's field, which its type does not say.
			setFrontend(maps, { ...ranged, flags: flags as FrontendFlag });
		}
	}
	maps.slots.setAll(BACKENDS.map((_, at) => [at, at + 1]));
	maps.backends.setAll(BACKENDS.map((address, at) => [at + 1, backendAt(address)]));
});

test.after.always(() => stage?.close());

/** Tells the programs where ClusterIPs come from. */
function setServiceCidrs(prefixes: Cluster["serviceCidr"]): void {
	const fill = (known: Cluster["serviceCidr"]) => [...known, ...Array(4 - known.length).fill(NO_PREFIX)];
	const cluster = {
		serviceCidrs: prefixes.length,
		serviceCidr: fill(prefixes),
		podCidrs: 0,
		podCidr: fill([]),
	};
	stage.maps.cluster.setAll([[0, cluster]]);
}

/** Dials by TCP and UDP, connected and not: what each met, and how it was counted. */
async function dial(kind: string, to: string, namespace = stage.namespace) {
	const steps = [`tcp${kind}`, `connect=${to}`, `udp${kind}`, `connect=${to}`, `sendto=${to}`];
	let lines: string[] = [];
	const outcomes = await stage.counted(async () => {
		lines = await stage.client(steps, namespace);
	});
	return {
		errors: new Set(lines.map((line) => line.split(" ")[1])),
		counted: outcomes.map(({ reason, hook, packets }) => `${reason} ${hook} ${packets}`),
	};
}

const met = (error: string, reason: string) => ({
	errors: new Set([error]),
	counted: [`${reason} CONNECT 2`, `${reason} SENDMSG 1`],
});

for (const { family, kind, at, outside } of FAMILIES) {
	const title = (text: string) => `${text}, over ${family}`;
	const guards = [
		{ name: "A port that a ClusterIP does not have", to: `${at(1)}:81`, reason: "NO_SUCH_PORT" },
		{
			name: "An address of the service range that no Service has",
			to: `${at(99)}:${PORT}`,
			reason: "NO_SUCH_SERVICE",
		},
	];
	for (const { name, to, reason } of guards) {
		test.serial(title(`${name} is refused where service ranges are known`), async (t) => {
			setServiceCidrs(SERVICE_CIDRS);
			t.deepEqual(await dial(kind, to), met(DIAL_REFUSED, reason));
			t.deepEqual(await dial(kind, to, stage.pod), met(DIAL_REFUSED, reason));
		});
		test.serial(title(`${name} is passed where none is known`), async (t) => {
			setServiceCidrs([]);
			t.deepEqual(await dial(kind, to), met("ENETUNREACH", "NOT_FRONTEND"));
		});
	}

	test.serial(title("What is outside the service ranges is passed"), async (t) => {
		setServiceCidrs(SERVICE_CIDRS);
		t.deepEqual(await dial(kind, `${outside}:${PORT}`), met("ENETUNREACH", "NOT_FRONTEND"));
	});

	test.serial(title("The port that a guarded ClusterIP has is served"), async (t) => {
		setServiceCidrs(SERVICE_CIDRS);
		t.deepEqual(await dial(kind, `${at(1)}:${PORT}`), met("ENETUNREACH", "TRANSLATED"));
	});

	for (const [name, { last, node }] of Object.entries(RANGED)) {
		test.serial(title(`Source ranges, ${name} to the node, decide for its processes`), async (t) => {
			const error = node === "TRANSLATED" ? "ENETUNREACH" : DIAL_REFUSED;
			t.deepEqual(await dial(kind, `${at(last)}:${PORT}`), met(error, node));
		});
		test.serial(title(`Source ranges, ${name} to the node, are left to a pod's packets`), async (t) => {
			t.deepEqual(await dial(kind, `${at(last)}:${PORT}`, stage.pod), met("ENETUNREACH", "LEFT_TO_PACKETS"));
		});
	}
}
