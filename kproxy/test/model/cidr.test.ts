import test from "ava";
import { cidrContains, parseCidr } from "../../src/model/cidr.ts";

const spelled: readonly [text: string, cidr: string | undefined][] = [
	["10.0.0.0/8", "10.0.0.0/8"],
	["10.1.2.3/8", "10.0.0.0/8"],
	["10.1.2.3/31", "10.1.2.2/31"],
	["10.1.2.3/32", "10.1.2.3/32"],
	["255.255.255.255/0", "0.0.0.0/0"],
	[" 10.0.0.0/8 ", "10.0.0.0/8"],
	["FD00:0:0::5/64", "fd00::/64"],
	["fd00::ffff/121", "fd00::ff80/121"],
	["::1/0", "::/0"],
	["fd00::1/128", "fd00::1/128"],
	["10.0.0.0", undefined],
	["10.0.0.0/", undefined],
	["10.0.0.0/33", undefined],
	["10.0.0.0/-1", undefined],
	["10.0.0.0/8/8", undefined],
	["10.0.0/8", undefined],
	["fd00::/129", undefined],
	["fe80::1%eth0/64", undefined],
	["::ffff:10.0.0.0/104", undefined],
	["::ffff:a00:0/104", undefined],
	["::ffff:0:0/96", undefined],
	["0:0:0:0:0:FFFF:10.0.0.1/40", undefined],
	["/8", undefined],
	["", undefined],
];

for (const [text, cidr] of spelled) {
	test(`"${text}" is ${cidr === undefined ? "no CIDR" : `the CIDR ${cidr}`}`, (t) => {
		t.is(parseCidr(text)?.text, cidr);
		if (cidr !== undefined) t.is(parseCidr(text)?.family, cidr.includes(":") ? "IPv6" : "IPv4");
	});
}

const contained: readonly [cidr: string, address: string, contains: boolean][] = [
	["10.0.0.0/8", "10.255.255.255", true],
	["10.0.0.0/8", "11.0.0.0", false],
	["10.1.2.2/31", "10.1.2.3", true],
	["10.1.2.2/31", "10.1.2.4", false],
	["0.0.0.0/0", "192.0.2.1", true],
	["0.0.0.0/0", "fd00::1", false],
	["::/0", "fd00::1", true],
	["::/0", "192.0.2.1", false],
	["fd00::ff80/121", "fd00::ff7f", false],
	["fd00::ff80/121", "fd00::ffff", true],
];

for (const [cidr, address, contains] of contained) {
	test(`${cidr} ${contains ? "contains" : "does not contain"} ${address}`, (t) => {
		t.is(cidrContains(cidr, address), contains);
	});
}
