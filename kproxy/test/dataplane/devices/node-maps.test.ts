import test from "ava";
import { memoryTable } from "bpf-maps";
import { writeCluster } from "../../../src/dataplane/devices/cluster-ranges.ts";
import { writeMap } from "../../../src/dataplane/devices/node-maps.ts";
import { maps } from "../../../src/dataplane/generated/tc.ts";

const cluster = () => memoryTable({ ...maps.cluster, kind: "array" });
const devices = (maxEntries: number) => memoryTable({ ...maps.devices, kind: "hash", maxEntries });

test("Ranges of the cluster are address and mask, IPv4 mapped and without the bits outside the mask", (t) => {
	const map = cluster();
	const ranges = { serviceCidrs: ["10.96.0.5/12", "fd00:1::/108"], podCidrs: ["0.0.0.0/0"] };
	t.deepEqual(writeCluster(map, ranges), []);
	const NOTHING = { address: "::", mask: "::" };
	t.deepEqual(map.get(0), {
		serviceCidrs: 2,
		podCidrs: 1,
		serviceCidr: [
			{ address: "10.96.0.0", mask: "ffff:ffff:ffff:ffff:ffff:ffff:fff0:0" },
			{ address: "fd00:1::", mask: "ffff:ffff:ffff:ffff:ffff:ffff:fff0:0" },
			NOTHING,
			NOTHING,
		],
		podCidr: [{ address: "0.0.0.0", mask: "ffff:ffff:ffff:ffff:ffff:ffff::" }, NOTHING, NOTHING, NOTHING],
	});
});

test("More ranges than there is room for are a problem that names those left out", (t) => {
	const map = cluster();
	const podCidrs = [1, 2, 3, 4, 5, 6].map((number) => `10.${number}.0.0/16`);
	const problems = writeCluster(map, { serviceCidrs: [], podCidrs });
	t.like(problems, { length: 1, 0: { code: "MAP_FULL", object: "map cluster" } });
	t.regex(
		problems[0]?.message ?? "",
		/6 pod ranges, there is room for 4: 10\.5\.0\.0\/16, 10\.6\.0\.0\/16 left out/,
	);
	t.is(map.get(0)?.podCidrs, 4);
});

test("A map comes to hold what is wanted and nothing else", (t) => {
	const map = devices(4);
	const NODE = { ipv4: "192.0.2.7", ipv6: "::" };
	t.deepEqual(
		writeMap(map, [
			[0, NODE],
			[2, NODE],
		]),
		[],
	);
	t.deepEqual(
		writeMap(map, [
			[0, NODE],
			[3, { ...NODE, ipv6: "2001:db8::7" }],
		]),
		[],
	);
	t.deepEqual(
		[...map.entries()].toSorted(([a], [b]) => a - b),
		[
			[0, NODE],
			[3, { ...NODE, ipv6: "2001:db8::7" }],
		],
	);
});

test("A map that is full is a problem of that map", (t) => {
	const map = devices(1);
	const problems = writeMap(
		map,
		[1, 2].map((index) => [index, { ipv4: "192.0.2.7", ipv6: "::" }]),
	);
	t.like(problems, { length: 1, 0: { code: "WRITE_FAILED", object: "map devices" } });
});
