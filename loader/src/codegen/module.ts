import type { Layout } from "../btf/layout.ts";
import type { ObjectSpec } from "../spec/object-spec.ts";
import { type MapContent, readContent, type VariableContent } from "./content.ts";
import { declareType } from "./declare.ts";
import { block, docComment, list, property } from "./print.ts";
import { codecExpression, type Scope, typeExpression } from "./scope.ts";

/** What to write, and where the written module finds this package. */
export interface ModuleOptions {
	/** Name of the object for the first line, without a directory. */
	source: string;
	/** Enums to write though no map or variable uses them, by their names in C. */
	enums?: readonly string[];
	/** Structs and unions likewise, such as the events of a ring buffer. */
	structs?: readonly string[];
	/** Module that the codecs are imported from; default `bpf-loader`. */
	importFrom?: string;
}

/**
 * The text of a typed ES module for an object: types and codecs of everything that its maps and variables hold, and what its
 * variables, maps and programs are. Same object, same text. Throws BpfError `BTF_UNSUPPORTED` naming the field that a map
 * cannot have.
 */
export function generateModule(spec: ObjectSpec, options: ModuleOptions): string {
	const { source, enums = [], structs = [], importFrom = "bpf-loader" } = options;
	const { scope, maps, variables, programs } = readContent(spec, { enums, structs });
	const declared = new Set<string>();
	const types = declareTypes(scope, declared);
	const tail = [
		...declareVariables(scope, variables),
		constObject(
			"maps",
			maps.map((map) => entry(map.spec.name, mapFacts(scope, map), map.doc)),
		),
		constObject(
			"programs",
			programs.map(({ name, section, type, doc }) =>
				entry(name, [`name: "${name}"`, `section: "${section}"`, `type: "${type}"`], doc),
			),
		),
	];
	const constants = declareConstants(scope, declared);
	const head = `// Written by bpf2ts from ${source}. Do not edit.\n${importLine(scope, importFrom)}`;
	return [head, ...types, ...constants, ...tail, names].join("\n");
}

/** Enums first, then each type after those it is made of, the constants that it is first to use right before it. */
function declareTypes(scope: Scope, declared: Set<string>): string[] {
	const types = [...scope.types.values()];
	const enums = types.filter((type) => type.kind === "enum").flatMap((type) => declareType(scope, type));
	const rest = types.filter((type) => type.kind !== "enum");
	return [
		...enums,
		...rest.flatMap((type) => {
			const declaration = declareType(scope, type);
			return [...declareConstants(scope, declared), ...declaration];
		}),
	];
}

function declareConstants({ constants }: Scope, declared: Set<string>): string[] {
	const fresh = [...constants].filter(([name]) => !declared.has(name));
	for (const [name] of fresh) declared.add(name);
	return fresh.length === 0
		? []
		: [fresh.map(([name, expression]) => `const ${name} = ${expression};\n`).join("")];
}

function declareVariables(scope: Scope, variables: readonly VariableContent[]): string[] {
	const tunables = variables
		.filter(({ spec }) => spec.constant)
		.map(({ spec, layout, doc }) => `${docComment(doc, 1)}${spec.name}?: ${tunableType(layout)};`);
	const entries = variables.map(({ spec, layout, doc }) => {
		const codec = codecExpression(scope, layout);
		const facts = [
			`name: "${spec.name}"`,
			`section: "${spec.section}"`,
			`size: ${spec.size}`,
			`codec: ${codec}`,
		];
		return entry(spec.name, facts, doc);
	});
	const sentence =
		"Variables to set with `loadObject`; the program finds them constant. Bytes are made by their codec.";
	return [
		`${docComment(sentence)}export interface Tunables ${block(tunables)}\n`,
		constObject("variables", entries),
	];
}

/** What `loadObject` takes: numbers and booleans as they are, the rest as bytes. */
function tunableType(layout: Layout): string {
	const plain = layout.kind === "enum" || (layout.kind === "scalar" && !layout.codec.startsWith("address"));
	return plain && layout.size <= 8 ? typeExpression(layout) : "Uint8Array";
}

/** Literal names for `loadObject<Names>`, so that a misspelt one does not compile. */
const names = `/** For \`loadObject<Names>\`: a misspelt name does not compile. */
export interface Names {
	programs: keyof typeof programs;
	maps: keyof typeof maps;
	variables: keyof typeof variables;
}
`;

function mapFacts(scope: Scope, { spec, key, value, inner }: MapContent): string[] {
	return [
		`name: "${spec.name}"`,
		`type: "${spec.type}"`,
		`maxEntries: ${spec.maxEntries}`,
		`flags: ${spec.flags}`,
		...(key ? [`key: ${codecExpression(scope, key)}`] : []),
		...(value ? [`value: ${codecExpression(scope, value)}`] : []),
		...(inner ? [`inner: ${block(mapFacts(scope, inner).map((fact) => `${fact},`))}`] : []),
	];
}

function entry(name: string, facts: readonly string[], doc: string | undefined): string {
	const all = facts.map((fact) => `${fact},`);
	if (doc !== undefined) all.push(property("doc", JSON.stringify(doc), 2));
	return `${docComment(doc, 1)}${name}: ${block(all)},`;
}

function constObject(name: string, entries: readonly string[]): string {
	return `export const ${name} = ${block(entries)} as const;\n`;
}

function importLine({ imports }: Scope, from: string): string {
	const names = [...imports].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
	if (names.length === 0) return "";
	return `${list(names, { open: "import {", close: `} from ${JSON.stringify(from)};` })}\n`;
}

/** The order that biome's organizer wants: `UnionCodec` before `u8`, `u8` before `u16`. */
function sortKey(name: string): string {
	return name
		.replace(/^type /, "")
		.replace(/[A-Za-z]/g, (letter) => `${letter.toLowerCase()}${letter < "a" ? 0 : 1}`)
		.replace(/(?<=[01])\d+$/, (digits) => digits.padStart(4, "0"));
}
