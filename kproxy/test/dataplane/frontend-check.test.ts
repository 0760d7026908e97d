import test from "ava";
import { sealFrontend } from "../../src/dataplane/frontend-check.ts";
import {
	Algorithm,
	type Frontend,
	type FrontendKey,
	Protocol,
} from "../../src/dataplane/generated/sock_lb.ts";

const KEY: FrontendKey = { address: "10.96.0.80", port: 80, protocol: Protocol.TCP };
const VALUE: Omit<Frontend, "check"> = {
	internal: { first: 6, count: 3 },
	external: { first: 8, count: 1 },
	service: 2,
	affinityTimeoutS: 0,
	algorithm: Algorithm.RANDOM,
	flags: 0,
};

test("The check is that of key and value, the same every time", (t) => {
	const sealed = sealFrontend(KEY, VALUE);
	t.deepEqual(sealed, { ...VALUE, check: sealed.check });
	t.deepEqual(sealFrontend({ ...KEY }, { ...VALUE }), sealed);
	t.true(sealed.check >= 0 && sealed.check <= 0xffff);
});

for (const change of [
	{ address: "10.96.0.81" },
	{ address: "11.96.0.80" },
	{ address: "fd00:10:96::80" },
	{ port: 81 },
	{ protocol: Protocol.UDP },
	{ protocol: Protocol.SCTP },
	{ protocol: Protocol.ANY },
	{ port: 0 },
]) {
	test(`Another frontend's value does not fit: ${JSON.stringify(change)}`, (t) => {
		t.not(sealFrontend({ ...KEY, ...change }, VALUE).check, sealFrontend(KEY, VALUE).check);
	});
}

const VALUE_CHANGES: readonly Partial<typeof VALUE>[] = [
	{ internal: { first: 7, count: 3 } },
	{ internal: { first: 6, count: 4 } },
	{ external: { first: 7, count: 1 } },
	{ external: { first: 8, count: 0 } },
	{ internal: VALUE.external, external: VALUE.internal },
	{ service: 3 },
	{ affinityTimeoutS: 10800 },
	{ flags: 1 },
];

for (const change of VALUE_CHANGES) {
	test(`A value with one field of another does not fit: ${JSON.stringify(change)}`, (t) => {
		t.not(sealFrontend(KEY, { ...VALUE, ...change }).check, sealFrontend(KEY, VALUE).check);
	});
}
