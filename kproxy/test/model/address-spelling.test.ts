import test from "ava";
import { address6 } from "bpf-loader";
import fc from "fast-check";
import { addressFamily, canonicalAddress } from "../../src/model/address.ts";

const view = new DataView(new ArrayBuffer(16));

/** What the kernel's bytes read as. */
function throughKernel(text: string): string {
	address6.encode(text, view, 0);
	return address6.decode(view, 0);
}

test("an address has the spelling that is read back from the maps, or a restart would write it again", (t) => {
	const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
	const address = fc.array(group, { minLength: 8, maxLength: 8 });
	fc.assert(
		fc.property(address, fc.boolean(), (groups, upper) => {
			const text = groups.map((value) => value.toString(16).padStart(upper ? 4 : 1, "0")).join(":");
			const canonical = canonicalAddress(upper ? text.toUpperCase() : text, "IPv6");
			const mapped = groups.slice(0, 5).every((value) => value === 0) && groups[5] === 0xffff;
			t.is(canonical, mapped ? undefined : throughKernel(text));
		}),
		{ seed: 20264, numRuns: 2000 },
	);
	fc.assert(
		fc.property(fc.ipV4(), (text) => {
			t.is(canonicalAddress(text, "IPv4"), throughKernel(text));
		}),
		{ seed: 20265 },
	);
});

const refused: readonly [text: string, family: "IPv4" | "IPv6"][] = [
	["", "IPv4"],
	["10.0.0", "IPv4"],
	["10.0.0.256", "IPv4"],
	["010.0.0.1", "IPv4"],
	["10.0.0.1 ", "IPv4"],
	["fd00::1", "IPv4"],
	["10.0.0.1", "IPv6"],
	["fe80::1%eth0", "IPv6"],
	["::ffff:10.0.0.1", "IPv6"],
	["::ffff:a00:1", "IPv6"],
	["fd00::1::2", "IPv6"],
	["[fd00::1]", "IPv6"],
];

for (const [text, family] of refused) {
	test(`"${text}" is no ${family} address`, (t) => {
		t.is(canonicalAddress(text, family), undefined);
	});
}

test("the family of an address is told by its text", (t) => {
	t.deepEqual(["10.0.0.1", "fd00::1", "example"].map(addressFamily), ["IPv4", "IPv6", undefined]);
});
