import test from "ava";
import { scalars } from "../../src/codec-scalar.ts";
import * as loader from "../../src/index.ts";
import { array, bigBits, bits, bytes, type Codec, flag, text, union } from "../../src/index.ts";

/** Any codec: what a table of all of them can hold. */
type AnyCodec = Codec<unknown>;
const untyped = (codec: unknown): AnyCodec => codec as AnyCodec;

const written: [title: string, codec: AnyCodec, value: unknown, hex: string][] = [
	["__u8", untyped(loader.u8), 255, "ff"],
	["__u16", untyped(loader.u16), 0x1234, "3412"],
	["__u32", untyped(loader.u32), 0x1234_5678, "78563412"],
	["__u64", untyped(loader.u64), 2n ** 64n - 2n, "feffffffffffffff"],
	["__s8", untyped(loader.i8), -128, "80"],
	["__s16", untyped(loader.i16), -2, "feff"],
	["__s32", untyped(loader.i32), -2, "feffffff"],
	["__s64", untyped(loader.i64), -2n, "feffffffffffffff"],
	["__be16", untyped(loader.be16), 80, "0050"],
	["__be32", untyped(loader.be32), 0x0a00_0001, "0a000001"],
	["__be64", untyped(loader.be64), 1n, "0000000000000001"],
	["unsigned __int128", untyped(loader.u128), 2n ** 128n - 2n, `fe${"ff".repeat(15)}`],
	["__int128", untyped(loader.i128), -(2n ** 127n), `${"00".repeat(15)}80`],
	["float", untyped(loader.f32), 1.5, "0000c03f"],
	["double", untyped(loader.f64), -2, "00000000000000c0"],
	["true", untyped(loader.bool), true, "01"],
	["false", untyped(loader.bool), false, "00"],
	["text shorter than its field", untyped(text(5)), "hé", "68c3a90000"],
	["text that fills its field", untyped(text(3)), "abc", "616263"],
	["no text", untyped(text(2)), "", "0000"],
	["raw bytes", untyped(bytes(3)), Uint8Array.of(1, 2, 3), "010203"],
	["a list", untyped(array(loader.be16, 2)), [1, 2], "00010002"],
	[
		"a list of lists",
		untyped(array(array(loader.u8, 2), 2)),
		[
			[1, 2],
			[3, 4],
		],
		"01020304",
	],
];

for (const [title, codec, value, hex] of written) {
	test(`writes and reads ${title}`, (t) => {
		const bytes = new Uint8Array(codec.size + 2).fill(0xee);
		const view = new DataView(bytes.buffer);
		codec.encode(value, view, 1);
		t.is(Buffer.from(bytes).toString("hex"), `ee${hex}ee`);
		t.deepEqual(codec.decode(view, 1), value);
	});
}

const addresses: [written: string, hex: string, read: string][] = [
	["10.0.0.1", "00000000000000000000ffff0a000001", "10.0.0.1"],
	["::ffff:10.0.0.1", "00000000000000000000ffff0a000001", "10.0.0.1"],
	["0.0.0.0", "00000000000000000000ffff00000000", "0.0.0.0"],
	["255.255.255.255", "00000000000000000000ffffffffffff", "255.255.255.255"],
	["::", "00000000000000000000000000000000", "::"],
	["::1", "00000000000000000000000000000001", "::1"],
	["2001:DB8:0:0:1:0:0:1", "20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
	["fd00::ffff:a00:1", "fd000000000000000000ffff0a000001", "fd00::ffff:a00:1"],
];

for (const [address, hex, read] of addresses) {
	test(`struct in6_addr holds ${address} and reads as ${read}`, (t) => {
		const view = new DataView(new ArrayBuffer(16));
		loader.address6.encode(address, view, 0);
		t.is(Buffer.from(view.buffer).toString("hex"), hex);
		t.is(loader.address6.decode(view, 0), read);
	});
}

test("struct in_addr holds an IPv4 address in network order", (t) => {
	const view = new DataView(new ArrayBuffer(4));
	loader.address4.encode("10.0.0.1", view, 0);
	t.is(view.getUint32(0), 0x0a00_0001);
	t.is(loader.address4.decode(view, 0), "10.0.0.1");
});

const sampled: [codec: AnyCodec, values: readonly unknown[], message: RegExp][] = [
	[
		untyped(loader.u8),
		[-1, 256, 1.5, Number.NaN, "1", 1n, null, undefined],
		/^k\.f: .* is not an integer from 0 to 255$/,
	],
	[untyped(loader.be16), [-1, 65_536], /from 0 to 65535$/],
	[untyped(loader.u32), [-1, 2 ** 32], /from 0 to 4294967295$/],
	[untyped(loader.i8), [-129, 128], /from -128 to 127$/],
	[untyped(loader.i32), [-(2 ** 31) - 1, 2 ** 31], /from -2147483648 to 2147483647$/],
	[untyped(loader.u64), [-1n, 2n ** 64n, 1], /a bigint from 0 to 18446744073709551615$/],
	[untyped(loader.i64), [2n ** 63n, 0.5], /a bigint from -9223372036854775808 to/],
	[untyped(loader.u128), [-1n, 2n ** 128n], /a bigint from 0 to/],
	[untyped(loader.f64), ["1", 1n], /is not a number$/],
	[untyped(loader.bool), [1, undefined], /is not true or false$/],
	[untyped(text(3)), ["abcd", "aé€"], /is not text of at most 3 bytes$/],
	[untyped(text(3)), ["a\0", 5], /is not text without NUL$/],
	[untyped(bytes(3)), [new Uint8Array(2), new Uint8Array(4), undefined], /elements, not 3$/],
	[untyped(array(loader.u8, 2)), [[1], [1, 2, 3]], /elements, not 2$/],
	[untyped(array(loader.u8, 2)), [[1, 256]], /^k\.f: 256 is not/],
	[
		untyped(loader.address4),
		["::1", "10.0.0", "10.0.0.256"],
		/^k\.f: .* is not an address such as 10\.0\.0\.1$/,
	],
	[untyped(loader.address6), ["010.0.0.1", "", "a", " ::1", 5, undefined, "1.2.3.4\0"], /is not an/],
	[untyped(loader.address6), ["fe80::1%eth0", ":::", "1::2::3", "::\0"], /is not an IPv6 address$/],
	[untyped(bits({ shift: 1, size: 3 })), [-1, 8, 0.5], /from 0 to 7$/],
	[untyped(bits({ shift: 1, size: 3, signed: true })), [-5, 4], /from -4 to 3$/],
	[untyped(bigBits({ shift: 1, size: 40 })), [-1n, 2n ** 40n, 1], /a bigint from 0 to 1099511627775$/],
	[untyped(flag(2)), [1, undefined], /is not true or false$/],
];

for (const [codec, values, message] of sampled) {
	test(`${codec.name} refuses ${values.map(String).join(", ").replaceAll("\0", "NUL")} and names the field`, (t) => {
		const view = new DataView(new ArrayBuffer(codec.size));
		for (const value of values) {
			const error = t.throws(() => codec.encode(value, view, 0, "k.f"), { instanceOf: RangeError, message });
			t.true(error.message.startsWith("k.f: "));
		}
	});
}

test("each scalar codec writes as many bytes as it says", (t) => {
	for (const [name, codec] of Object.entries(scalars)) {
		const bytes = new Uint8Array(24).fill(0xee);
		const sample = untyped(codec).decode(new DataView(new ArrayBuffer(16)), 0);
		untyped(codec).encode(sample, new DataView(bytes.buffer), 0);
		t.is(bytes.indexOf(0xee, codec.size), codec.size, name);
		t.is(bytes.lastIndexOf(0xee) + 1, 24, name);
	}
});

test("bit fields of every place and width keep to their own bits", (t) => {
	for (let shift = 0; shift < 8; shift++) {
		for (let size = 1; size <= 32; size++) {
			for (const value of [0, 1, 2 ** size - 1, Math.floor(2 ** size / 3)]) {
				const view = new DataView(new ArrayBuffer(8));
				const wide = new DataView(new ArrayBuffer(8));
				bits({ shift, size }).encode(value, view, 0);
				bigBits({ shift, size }).encode(BigInt(value), wide, 0);
				t.is(view.getBigUint64(0, true), BigInt(value) << BigInt(shift));
				t.is(wide.getBigUint64(0, true), BigInt(value) << BigInt(shift));
				view.setBigUint64(
					0,
					view.getBigUint64(0, true) ^ ~((2n ** BigInt(size) - 1n) << BigInt(shift)),
					true,
				);
				t.is(bits({ shift, size }).decode(view, 0), value);
				t.is(bigBits({ shift, size }).decode(view, 0), BigInt(value));
			}
		}
	}
});

interface ShapeMembers {
	side: number;
	name: string;
}

const shape = union<ShapeMembers>("union shape", 8, { side: loader.u32, name: text(6) });

test("a union is its bytes, and each member a view of them", (t) => {
	const value = shape.of("name", "ab");
	t.deepEqual(value.bytes, Uint8Array.of(0x61, 0x62, 0, 0, 0, 0, 0, 0));
	t.is(value.name, "ab");
	t.is(value.side, 0x6261);
	t.deepEqual(shape.from(Uint8Array.of(1, 0, 0, 0, 0, 0, 9, 9)).side, 1);
});

test("a union writes all that it read, also what no member covers", (t) => {
	const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
	const value = shape.decode(new DataView(bytes.buffer), 0);
	const copy = new Uint8Array(8);
	shape.encode(value, new DataView(copy.buffer), 0);
	t.deepEqual(copy, bytes);
	bytes.fill(0);
	t.is(value.side, 0x0403_0201);
});

test("a union refuses members and bytes that do not fit", (t) => {
	t.throws(() => shape.of("side", -1), { instanceOf: RangeError, message: /^union shape\.side: -1 is not/ });
	t.throws(() => shape.from(new Uint8Array(7)), { instanceOf: RangeError, message: /7 elements, not 8/ });
});
