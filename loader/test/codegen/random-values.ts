import { type CMember, type CRecord, type CType, type EnumType, integers } from "./c-types.ts";
import type { Random } from "./random.ts";

/**
 * A value in terms of the model: integers and enums as bigint (also those that a codec has as number), floats as number,
 * addresses, text and raw bytes as bytes, a union as the member that it holds.
 */
export type CValue =
	| bigint
	| number
	| boolean
	| Uint8Array
	| readonly CValue[]
	| { kind: "struct"; values: readonly CValue[] }
	| { kind: "union"; chosen: number; value: CValue };

/** A value of a type; numbers are often at the ends of their range. */
export function randomValue(random: Random, type: CType, bitSize = 0): CValue {
	switch (type.kind) {
		case "integer":
			return randomInteger(random, bitSize || type.bits, type.signed);
		case "enum":
			return randomEnumValue(random, type, bitSize);
		case "bool":
			return random.oneIn(2);
		case "float":
			return randomFloat(random, type.name);
		case "address":
			return randomAddress(random, type.size);
		case "text":
			return randomText(random, type.size);
		case "bytes":
			return randomBytes(random, type.size);
		case "array":
			return Array.from({ length: type.count }, () => randomValue(random, type.element));
		case "record":
			return randomRecord(random, type.record);
	}
}

function randomInteger(random: Random, bits: number, signed: boolean): bigint {
	const any = random.bits(bits);
	const edge = random.pick([0n, 1n, (1n << BigInt(bits)) - 1n, 1n << BigInt(bits - 1), any]);
	const value = random.oneIn(2) ? any : BigInt.asUintN(bits, edge);
	return signed ? BigInt.asIntN(bits, value) : value;
}

function randomEnumValue(random: Random, { bits, signed, values }: EnumType, bitSize: number): bigint {
	const named = random.oneIn(2) && bitSize === 0;
	return named ? random.pick(values) : randomInteger(random, bitSize || bits, signed);
}

function randomFloat(random: Random, name: "float" | "double"): number {
	const value = Number(random.bits(50) - (1n << 49n)) / 2 ** random.below(60);
	return name === "float" ? Math.fround(value) : value;
}

function randomBytes(random: Random, size: number): Uint8Array {
	return Uint8Array.from({ length: size }, () => random.below(256));
}

/** Half of the long ones are IPv4 addresses, and many have the runs of zeros that text shortens. */
function randomAddress(random: Random, size: 4 | 16): Uint8Array {
	const bytes = randomBytes(random, size);
	if (size === 4) return bytes;
	const kind = random.pick(["mapped", "mapped", "zeros", "any"]);
	if (kind === "mapped") bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
	if (kind === "zeros") bytes.fill(0, random.below(8), 8 + random.below(9));
	return bytes;
}

/** UTF-8 of up to all bytes of the field, without the zeros behind it. */
function randomText(random: Random, size: number): Uint8Array {
	let text = "";
	const length = random.below(size + 1);
	while (new TextEncoder().encode(text).length < length) text += random.pick([..."abcdefghij-é€𝄞"]);
	const encoded = new TextEncoder().encode(text);
	return encoded.length > size ? encoded.slice(0, 0) : encoded;
}

function randomRecord(random: Random, { keyword, members }: CRecord): CValue {
	const make = (member: CMember) => randomValue(random, member.type, member.bits);
	if (keyword === "struct") return { kind: "struct", values: members.map(make) };
	const chosen = random.below(members.length);
	return {
		kind: "union",
		chosen,
		value: make(members[chosen] ?? { name: "", type: integers[0] as CType, bits: 0 }),
	};
}
