import { type CMember, type CRecord, type CType, definition, enumDefinition } from "./c-types.ts";
import type { RandomTypes } from "./random-types.ts";
import type { CValue } from "./random-values.ts";

/** The definitions of all types, for BPF and for the machine alike. */
export function typeDefinitions({ enums, records }: RandomTypes): string {
	return [...enums.map(enumDefinition), ...records.map(definition)].join("\n");
}

/**
 * A C program that says what C makes of the types. First it prints the size of every record and the offsets of its members.
 * Then it reads lines of "number of the tested record, choices of union members, bytes", the latter two in hex, and answers
 * each with one line a leaf, `= bytes` of a copy built field by field over zeros and `~ bytes` of one over 0xa5.
 */
export function mirrorProgram(types: RandomTypes): string {
	const { records, tested } = types;
	const cases = tested.map(
		(record, index) => `\tcase ${index}: ANSWER(${record.keyword} ${record.tag}, ${record.tag});\n`,
	);
	return [
		runtime,
		typeDefinitions(types),
		...records.map(functionsOf),
		`static void print_layouts(void)\n{\n${records.map(layoutLines).join("")}}\n`,
		`static void answer(int number)\n{\n\tswitch (number) {\n${cases.join("")}\t}\n}\n`,
		mainFunction,
	].join("\n");
}

const runtime = `
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static unsigned char choices[4096], bytes[65536];
static const unsigned char *choice;

static void hex(const void *from, int size)
{
	for (int i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *)from)[i]);
	printf("\\n");
}

static void wide(unsigned __int128 value)
{
	printf("%016llx%016llx\\n", (unsigned long long)(value >> 64), (unsigned long long)value);
}

#define ANSWER(type, tag)                     \\
	do {                                  \\
		type in, zero, dirty;         \\
		memcpy(&in, bytes, sizeof(in)); \\
		memset(&zero, 0, sizeof(zero)); \\
		memset(&dirty, 0xa5, sizeof(dirty)); \\
		choice = choices; print_##tag(&in); \\
		choice = choices; copy_##tag(&zero, &in); \\
		choice = choices; copy_##tag(&dirty, &in); \\
		printf("= "); hex(&zero, sizeof(zero)); \\
		printf("~ "); hex(&dirty, sizeof(dirty)); \\
		return;                       \\
	} while (0)
`;

const mainFunction = `
static int unhex(unsigned char *to)
{
	int size = 0, c;
	unsigned value;

	while ((c = getchar()) != ' ' && c != '\\n' && c != EOF) {
		ungetc(c, stdin);
		if (scanf("%2x", &value) != 1)
			break;
		to[size++] = value;
	}
	return size;
}

int main(void)
{
	int number;

	print_layouts();
	while (scanf("%d", &number) == 1) {
		getchar();
		unhex(choices);
		unhex(bytes);
		answer(number);
	}
	return 0;
}
`;

function functionsOf(record: CRecord): string {
	const type = `${record.keyword} ${record.tag}`;
	return [
		`static void print_${record.tag}(const ${type} *v)\n{\n${recordLines(record, "v->", printLines)}}\n`,
		`static void copy_${record.tag}(${type} *to, const ${type} *v)\n{\n${recordLines(record, "v->", copyLines)}}\n`,
	].join("\n");
}

type Lines = (type: CType, expression: string, bits: number) => string;

/** Statements for each member in turn; of a union only for the member that the next choice names. */
function recordLines({ keyword, members }: CRecord, prefix: string, lines: Lines): string {
	const of = ({ name, type, bits }: CMember) => {
		if (name === "" && type.kind === "record") return recordLines(type.record, prefix, lines);
		return lines(type, `${prefix}${name}`, bits);
	};
	if (keyword === "struct") return members.map(of).join("");
	return `switch (*choice++) {\n${members.map((member, index) => `case ${index}: {\n${of(member)}break;\n}\n`).join("")}}\n`;
}

function printLines(type: CType, expression: string, bits: number): string {
	switch (type.kind) {
		case "integer":
			return printInteger(type, bits > 0 ? `(${type.name})${expression}` : expression);
		case "enum":
			return `printf("${type.signed ? "%lld" : "%llu"}\\n", (long long)${expression});\n`;
		case "bool":
			return `printf("%d\\n", ${expression});\n`;
		case "text":
			return `hex(${expression}, strnlen(${expression}, ${type.size}));\n`;
		case "float":
		case "address":
		case "bytes":
			return `hex(&${expression}, sizeof(${expression}));\n`;
		case "array":
			return eachElement(type, expression, printLines);
		case "record":
			return `print_${type.record.tag}(&${expression});\n`;
	}
}

function printInteger(type: CType & { kind: "integer" }, expression: string): string {
	if (type.bits === 128) return `wide(${expression});\n`;
	const host = type.bigEndian ? `__builtin_bswap${type.bits}(${expression})` : expression;
	return `printf("${type.signed ? "%lld" : "%llu"}\\n", (long long)${host});\n`;
}

function copyLines(type: CType, expression: string): string {
	const target = expression.replace(/^v->/, "to->");
	switch (type.kind) {
		case "text":
			// Not strncpy alone: its zeros are what C writes behind a text.
			return `strncpy(${target}, ${expression}, ${type.size});\n`;
		case "bytes":
			return `memcpy(${target}, ${expression}, ${type.size});\n`;
		case "array":
			return eachElement(type, expression, copyLines);
		case "record":
			return `copy_${type.record.tag}(&${target}, &${expression});\n`;
		default:
			return `${target} = ${expression};\n`;
	}
}

function eachElement(
	{ element, count }: CType & { kind: "array" },
	expression: string,
	lines: Lines,
): string {
	return Array.from({ length: count }, (_, index) => lines(element, `${expression}[${index}]`, 0)).join("");
}

function layoutLines({ keyword, tag, members }: CRecord): string {
	const type = `${keyword} ${tag}`;
	const offsets = namedMembers(members).map(
		(name) => `\tprintf(" ${name}:%zu", offsetof(${type}, ${name}));\n`,
	);
	return `\tprintf("${tag} %zu", sizeof(${type}));\n${offsets.join("")}\tprintf("\\n");\n`;
}

/** Members that have an address, those of anonymous records among them. */
function namedMembers(members: readonly CMember[]): string[] {
	return members.flatMap(({ name, type, bits }) => {
		if (name === "" && type.kind === "record") return namedMembers(type.record.members);
		return bits > 0 ? [] : [name];
	});
}

/** The lines that the program prints for a value. */
export function expectedLines(type: CType, value: CValue): string[] {
	if (value instanceof Uint8Array) return [Buffer.from(value).toString("hex")];
	if (typeof value === "boolean") return [value ? "1" : "0"];
	if (typeof value === "number") return [floatHex(type, value)];
	if (typeof value === "bigint") {
		const wide = type.kind === "integer" && type.bits === 128;
		return [wide ? BigInt.asUintN(128, value).toString(16).padStart(32, "0") : String(value)];
	}
	return partsOf(type, value).flatMap(([part, partValue]) => expectedLines(part, partValue));
}

function floatHex(type: CType, value: number): string {
	const buffer = Buffer.alloc(type.kind === "float" && type.name === "float" ? 4 : 8);
	if (buffer.length === 4) buffer.writeFloatLE(value);
	else buffer.writeDoubleLE(value);
	return buffer.toString("hex");
}

/** Which member each union on the way holds, in the order in which the program asks. */
export function choicesOf(type: CType, value: CValue): number[] {
	if (typeof value !== "object" || value instanceof Uint8Array) return [];
	const own = "kind" in value && value.kind === "union" ? [value.chosen] : [];
	return [...own, ...partsOf(type, value).flatMap(([part, partValue]) => choicesOf(part, partValue))];
}

function partsOf(type: CType, value: CValue & object): [CType, CValue][] {
	if (type.kind === "array" && Array.isArray(value)) return value.map((item: CValue) => [type.element, item]);
	if (type.kind !== "record" || !("kind" in value))
		throw new Error(`a value of another type than ${type.kind}`);
	const { members } = type.record;
	const memberType = (index: number) => (members[index] as CMember).type;
	if (value.kind === "union") return [[memberType(value.chosen), value.value]];
	return value.values.map((each, index) => [memberType(index), each]);
}
