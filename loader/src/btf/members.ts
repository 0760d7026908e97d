import type { BitRange } from "../codec-bits.ts";
import { corrupt, unsupported } from "./error.ts";
import type { BitField, Field, Layout } from "./layout.ts";
import { camelCase } from "./names.ts";
import type { Btf, BtfMember, BtfRecord } from "./types.ts";
import { docKey } from "./types.ts";

/** What the members of a record are looked up in. */
export interface Lookup {
	btf: Btf;
	/** Types whose layout is being worked out: meeting one again is a cycle. */
	open: Set<number>;
	find(typeId: number, name: string): Layout;
}

const transparentKinds: ReadonlySet<string> = new Set([
	"typedef",
	"const",
	"volatile",
	"restrict",
	"typeTag",
]);

/** Far above what the kernel resolves (32), and far below what the stack holds. */
const deepestNesting = 256;

/** Does work on a type; throws BpfError `BTF_CORRUPT` where that is being worked on already. */
export function enter<T>({ open }: Lookup, typeId: number, work: () => T): T {
	if (open.has(typeId)) throw corrupt(`type ${typeId} contains itself`);
	if (open.size >= deepestNesting) throw corrupt(`type ${typeId} is nested ${open.size} levels deep`);
	open.add(typeId);
	const result = work();
	open.delete(typeId);
	return result;
}

/** Where the members of a record go while it is taken apart: `offset` bytes into it, `anonymous` unions seen so far. */
export interface Collection {
	cName: string;
	kind: BtfRecord["kind"];
	offset: number;
	anonymous: { count: number };
	fields: Field[];
}

/**
 * Adds the members of a record. Those of an anonymous record of the same kind are reached in C as if they stood here, and
 * so they do; an anonymous union in a struct (or the other way round) is a field with a number for a name: `union0`.
 */
export function collect(context: Lookup, typeId: number, collection: Collection): void {
	const type = context.btf.types[typeId];
	if (type?.kind !== collection.kind) return;
	for (const [index, member] of type.members.entries()) {
		const innerId = resolve(context.btf, member.type);
		const inner = context.btf.types[innerId];
		if (member.name === "" && inner?.kind === type.kind && inner.name === "") {
			enter(context, innerId, () => {
				const offset = collection.offset + Math.floor(member.bitOffset / 8);
				if (member.bitOffset / 8 + inner.size > type.size)
					throw corrupt(`a member of ${collection.cName} ends behind it`);
				collect(context, innerId, { ...collection, offset });
			});
			continue;
		}
		const name = member.name || `${inner?.kind ?? "member"}${collection.anonymous.count++}`;
		const layout = context.find(member.type, `${collection.cName}_${name}`);
		const field = place(context.btf, member, { name, layout });
		checkInside(field, type, collection.cName);
		const doc = context.btf.docs.get(docKey(typeId, index));
		collection.fields.push({ ...field, offset: field.offset + collection.offset, doc });
	}
}

/** The type behind typedefs, qualifiers and tags. The number of steps is bounded for types that lead back to themselves. */
function resolve({ types }: Btf, typeId: number): number {
	let id = typeId;
	for (let steps = 0; steps <= types.length; steps++) {
		const type = types[id];
		if (!type || !transparentKinds.has(type.kind) || !("type" in type)) return id;
		id = type.type;
	}
	throw corrupt(`type ${typeId} leads back to itself`);
}

function place(btf: Btf, member: BtfMember, { name, layout }: { name: string; layout: Layout }): Field {
	const legacy = member.bitSize === 0 ? legacyBitField(btf, member) : undefined;
	const bitOffset = member.bitOffset + (legacy?.bitOffset ?? 0);
	const bitSize = member.bitSize || (legacy?.bits ?? 0);
	if (bitSize === 0 && bitOffset % 8 !== 0) throw corrupt(`${name} starts ${bitOffset} bits into its struct`);
	if (bitSize > layout.size * 8) throw corrupt(`${name} has ${bitSize} bits, its type ${layout.size * 8}`);
	return {
		name,
		property: camelCase(name),
		offset: Math.floor(bitOffset / 8),
		bits: bitSize === 0 ? undefined : bitField({ shift: bitOffset % 8, size: bitSize }, name, layout),
		layout,
		doc: undefined,
	};
}

function bitField(range: BitRange, name: string, layout: Layout): BitField {
	if (layout.kind !== "scalar" && layout.kind !== "enum") throw corrupt(`bit field ${name} is no integer`);
	const { codec, size } = layout;
	if (codec.startsWith("be"))
		throw unsupported(`bit field ${name}`, `C does not say where the bits of a ${codec} are`);
	const signed = codec.startsWith("i");
	if (codec === "bool") return { ...range, signed, codec: "flag" };
	return { ...range, signed, codec: size >= 8 ? "bigBits" : "bits" };
}

/** Clang before 8 wrote a bit field as an integer type with fewer bits than its bytes hold. */
function legacyBitField(btf: Btf, member: BtfMember): { bits: number; bitOffset: number } | undefined {
	const type = btf.types[member.type];
	return type?.kind === "int" && !type.bool && type.bits !== type.size * 8 ? type : undefined;
}

function checkInside({ name, offset, bits, layout }: Field, { size }: BtfRecord, cName: string): void {
	const end = bits ? offset + Math.ceil((bits.shift + bits.size) / 8) : offset + layout.size;
	if (end > size) throw corrupt(`${cName}.${name} ends at byte ${end}, ${cName} at ${size}`);
}
