import type { UnionCodec } from "../../src/index.ts";
import type { CMember, CRecord, CType } from "./c-types.ts";
import type { GeneratedModule } from "./generate.ts";
import type { CValue } from "./random-values.ts";

type StructValue = Record<string, unknown>;

/** One property of a generated type: where bpf2ts is documented to put a member. */
interface Property {
	property: string;
	member: CMember;
	/** Indexes that lead from the record through anonymous ones to the member. */
	path: readonly number[];
}

/**
 * The properties of a record, by the documented rules: members of anonymous records of its own kind are its own, other
 * anonymous records are numbered.
 */
export function propertiesOf(record: CRecord): Property[] {
	const anonymous = { count: 0 };
	const walk = ({ members }: CRecord, path: readonly number[]): Property[] =>
		members.flatMap((member, index) => {
			const here = [...path, index];
			if (member.name !== "" || member.type.kind !== "record") {
				return [{ property: camelCase(member.name), member, path: here }];
			}
			const inner = member.type.record;
			if (inner.keyword === record.keyword) return walk(inner, here);
			const name = `${inner.keyword}${anonymous.count++}`;
			const named = { ...inner, tag: `${record.tag}_${name}` };
			return [{ property: name, member: { ...member, type: { kind: "record", record: named } }, path: here }];
		});
	return walk(record, []);
}

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Name of the codec that bpf2ts writes for a record. */
export function codecNameOf({ tag }: CRecord): string {
	return `${camelCase(tag)}Codec`;
}

/** A value as the generated codec takes it. */
export function toCodecValue(module: GeneratedModule, type: CType, value: CValue, bits = 0): unknown {
	if (value instanceof Uint8Array) return fromBytes(type, value);
	if (typeof value === "bigint") return isBigint(type) ? value : Number(value);
	if (typeof value !== "object") return value;
	if (type.kind === "array" && Array.isArray(value)) {
		return value.map((item: CValue) => toCodecValue(module, type.element, item));
	}
	if (type.kind !== "record" || !("kind" in value)) throw new Error(`no value of ${type.kind}, ${bits} bits`);
	return value.kind === "union" ? toUnion(module, type.record, value) : toStruct(module, type.record, value);
}

/** Integers of 64 bits and more are bigint, whether or not they are bit fields. */
function isBigint(type: CType): boolean {
	return (type.kind === "integer" || type.kind === "enum") && type.bits >= 64;
}

function toStruct(module: GeneratedModule, record: CRecord, value: CValue): StructValue {
	return Object.fromEntries(
		propertiesOf(record).map(({ property, member, path }) => {
			const inner = follow(value, path);
			return [property, toCodecValue(module, member.type, inner, member.bits)];
		}),
	);
}

function toUnion(module: GeneratedModule, record: CRecord, value: CValue): unknown {
	const { property, member, inner } = chosenProperty(record, value);
	const codec = module[codecNameOf(record)] as UnionCodec<StructValue>;
	return codec.of(property, toCodecValue(module, member.type, inner, member.bits));
}

/** The property of a union that holds its value; through anonymous unions inside it, as far as they go. */
export function chosenProperty(
	record: CRecord,
	value: CValue,
): { property: string; member: CMember; inner: CValue } {
	const path: number[] = [];
	let inner = value;
	const found = () => propertiesOf(record).find((each) => each.path.join() === path.join());
	while (found() === undefined && typeof inner === "object" && "kind" in inner && inner.kind === "union") {
		path.push(inner.chosen);
		inner = inner.value;
	}
	const property = found();
	if (property === undefined) throw new Error(`${record.tag} has no property for ${path}`);
	return { ...property, inner };
}

function follow(value: CValue, path: readonly number[]): CValue {
	return path.reduce<CValue>((at, index) => {
		if (typeof at !== "object" || !("kind" in at) || at.kind !== "struct")
			throw new Error("no struct on the way");
		return at.values[index] as CValue;
	}, value);
}

function fromBytes(type: CType, bytes: Uint8Array): unknown {
	if (type.kind === "text") return new TextDecoder().decode(bytes);
	return type.kind === "address" ? addressText(bytes) : bytes;
}

/** As RFC 5952 writes it, by the URL parser; IPv4 behind ::ffff: as four numbers, and behind :: as inet_ntop does. */
function addressText(bytes: Uint8Array): string {
	if (bytes.length === 4) return bytes.join(".");
	const groups = Array.from({ length: 8 }, (_, index) => Buffer.from(bytes).readUInt16BE(index * 2));
	if (groups.slice(0, 6).join() === "0,0,0,0,0,65535") return bytes.slice(12).join(".");
	if (groups.slice(0, 6).every((group) => group === 0) && groups[6] !== 0)
		return `::${bytes.slice(12).join(".")}`;
	const text = groups.map((group) => group.toString(16)).join(":");
	return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}
