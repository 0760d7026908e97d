import test from "ava";
import { canonicalCidr } from "../../src/config/cidr.ts";
import {
	ALL_NODE_ADDRESSES,
	parseNodePortAddresses,
	selectNodePortAddresses,
	servesAllAddresses,
} from "../../src/config/node-port-addresses.ts";

for (const [text, expected] of [
	["10.244.0.7/16", "10.244.0.0/16"],
	["FD00:0:0::1/48", "fd00::/48"],
	["0.0.0.0/0", "0.0.0.0/0"],
	["10.0.0.0/33", undefined],
	["10.0.0.0", undefined],
	["::ffff:10.0.0.0/104", undefined],
	["010.0.0.0/8", undefined],
	["web/8", undefined],
] as const) {
	test(`The CIDR ${text} is ${expected ?? "refused"}`, (t) => {
		t.is(canonicalCidr(text), expected);
	});
}

const NODE = {
	addresses: ["127.0.0.1", "::1", "192.0.2.7", "198.51.100.7", "fd00::7"],
	primary: ["192.0.2.7", "fd00::7"],
};

for (const { texts, localhost = true, expected } of [
	{ texts: ["all"], expected: ["127.0.0.1", "192.0.2.7", "198.51.100.7", "fd00::7"] },
	{ texts: ["all"], localhost: false, expected: ["192.0.2.7", "198.51.100.7", "fd00::7"] },
	{ texts: ["primary"], expected: ["192.0.2.7", "fd00::7"] },
	{ texts: ["primary", "localhost"], expected: ["127.0.0.1", "192.0.2.7", "fd00::7"] },
	{ texts: ["198.51.100.0/24"], expected: ["198.51.100.7"] },
]) {
	test(`NodePorts at ${texts.join(", ")}${localhost ? "" : " but no loopback"} are served at ${expected.join(", ")}`, (t) => {
		const wanted = parseNodePortAddresses(texts);
		if ("wrong" in wanted) return t.fail(wanted.wrong);
		t.deepEqual(selectNodePortAddresses({ ...NODE, localhost }, wanted), expected);
	});
}

test("What is neither CIDR nor keyword is named", (t) => {
	t.deepEqual(parseNodePortAddresses(["primary", "eth0"]), { wrong: "eth0" });
});

test("By default every address is served", (t) => {
	t.true(servesAllAddresses(ALL_NODE_ADDRESSES));
	t.false(servesAllAddresses({ primary: true, cidrs: ["0.0.0.0/0"] }));
});
