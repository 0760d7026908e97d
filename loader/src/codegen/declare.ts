import type { EnumLayout, Field, RecordLayout } from "../btf/layout.ts";
import { block, call, docComment, list, property } from "./print.ts";
import {
	codecName,
	fieldCodecExpression,
	type NamedLayout,
	plainName,
	type Scope,
	typeExpression,
	use,
} from "./scope.ts";

/** The declarations of one type and its codec, as blocks of text. */
export function declareType(scope: Scope, layout: NamedLayout): string[] {
	switch (layout.kind) {
		case "enum":
			return declareEnum(scope, layout);
		case "struct":
			return declareStruct(scope, layout);
		case "union":
			return declareUnion(scope, layout);
	}
}

function declareEnum(scope: Scope, layout: EnumLayout): string[] {
	const { typeName, values, codec, size } = layout;
	const suffix = size === 8 ? "n" : "";
	const members = values.map(({ name, value }) => `${name}: ${value}${suffix}`);
	const documented = values.filter(({ doc }) => doc !== undefined);
	const object =
		documented.length === 0
			? list(members, { open: `export const ${typeName} = {`, close: "} as const;" })
			: `export const ${typeName} = ${block(values.map(({ doc }, index) => `${docComment(doc, 1)}${members[index]},`))} as const;`;
	const type = `export type ${typeName} = (typeof ${typeName})[keyof typeof ${typeName}];`;
	const codecType = `${use(scope, "type Codec")}<${typeName}>`;
	return [
		`${docComment(`\`${layout.cName}\`.`)}${object}\n${type}\n`,
		`export const ${codecName(layout)} = ${use(scope, codec)} as ${codecType};\n`,
		...declareSentences(layout, documented),
	];
}

/** The sentences once more as data, by the name of the value: for metrics and tables that explain it. */
function declareSentences(layout: EnumLayout, documented: EnumLayout["values"]): string[] {
	if (documented.length === 0) return [];
	const entries = documented.map(({ name, doc }) => property(name, JSON.stringify(doc), 1));
	const name = `${codecName(layout).replace(/Codec$/, "")}Docs`;
	return [
		`${docComment(`What the values of \`${layout.cName}\` mean.`)}export const ${name} = ${block(entries)} as const;\n`,
	];
}

/** A field of this name is padding that a program compares or hashes: userspace writes zeros and never sees it. */
const PADDING = "reserved";

function declareStruct(scope: Scope, whole: RecordLayout): string[] {
	const layout = { ...whole, fields: whole.fields.filter(({ name }) => name !== PADDING) };
	const { typeName, cName, size, fields, doc } = layout;
	const entries = [
		`name: "${cName}",`,
		`size: ${size},`,
		`encode(value, view, offset) ${block(encodeLines(scope, layout))},`,
		`decode(view, offset) ${block([`return ${block(fields.map((field) => decodeLine(scope, field)))};`])},`,
	];
	const codec = `export const ${codecName(layout)}: ${use(scope, "type Codec")}<${typeName}> = ${block(entries)};\n`;
	return [
		`${docComment(doc)}export interface ${typeName} ${block(fields.map(propertyLine))}\n`,
		`${docComment(`\`${cName}\`, ${bytes(size)}.`)}${codec}`,
	];
}

function declareUnion(scope: Scope, layout: RecordLayout): string[] {
	const { typeName, cName, size, fields, doc } = layout;
	const members = `${typeName}Members`;
	const entries = fields.map((field) => `${field.property}: ${fieldCodecExpression(scope, field)},`);
	const codec = `union("${cName}", ${size}, ${block(entries)})`;
	use(scope, "union");
	return [
		`${docComment(`Members of \`${cName}\`.`)}export interface ${members} ${block(fields.map(propertyLine))}\n`,
		`${docComment(doc)}export type ${typeName} = ${use(scope, "type UnionValue")}<${members}>;\n`,
		`${docComment(`\`${cName}\`, ${bytes(size)}; \`of(member, value)\` makes a value.`)}` +
			`export const ${codecName(layout)}: ${use(scope, "type UnionCodec")}<${members}> = ${codec};\n`,
	];
}

function propertyLine({ property, layout, doc }: Field): string {
	return `${docComment(doc, 1)}${property}: ${typeExpression(layout)};`;
}

/** One statement a field, in the order of memory, and zeros for what no field covers. */
function encodeLines(scope: Scope, layout: RecordLayout): string[] {
	const writes = layout.fields.map((field) => ({
		offset: field.offset,
		text: call(
			`${fieldCodecExpression(scope, field)}.encode`,
			[`value.${field.property}`, "view", at(field.offset), `"${plainName(layout)}.${field.name}"`],
			{ depth: 2, end: ";" },
		),
	}));
	const zeros = gaps(layout).map(({ offset, count }) => ({ offset, text: zeroLine(scope, offset, count) }));
	// Zeros first: a bit field adds its bits to a byte that must be clear.
	return [...zeros, ...writes].sort((a, b) => a.offset - b.offset).map(({ text }) => text);
}

function decodeLine(scope: Scope, field: Field): string {
	const decode = `${fieldCodecExpression(scope, field)}.decode`;
	return call(`${field.property}: ${decode}`, ["view", at(field.offset)], { depth: 3, end: "," });
}

/** Runs of bytes that are padding or hold bit fields. */
function gaps({ size, fields }: RecordLayout): { offset: number; count: number }[] {
	const whole = fields
		.filter((field) => !field.bits && field.layout.size > 0)
		.sort((a, b) => a.offset - b.offset);
	const runs: { offset: number; count: number }[] = [];
	let end = 0;
	for (const { offset, layout } of whole) {
		if (offset > end) runs.push({ offset: end, count: offset - end });
		end = Math.max(end, offset + layout.size);
	}
	if (size > end) runs.push({ offset: end, count: size - end });
	return runs;
}

function zeroLine(scope: Scope, offset: number, count: number): string {
	if (count === 1 || count === 2 || count === 4) return `view.setUint${count * 8}(${at(offset)}, 0);`;
	return `${use(scope, "writeZeros")}(view, ${at(offset)}, ${count});`;
}

function at(offset: number): string {
	return offset === 0 ? "offset" : `offset + ${offset}`;
}

function bytes(count: number): string {
	return count === 1 ? "1 byte" : `${count} bytes`;
}
