import { readElf, viewOf } from "../elf/elf.ts";
import { BpfError } from "../errors.ts";
import type { ObjectSpec, VariableSpec } from "../spec/object-spec.ts";

/** A value for a global variable: numbers in host terms, booleans for `bool`, bytes for structs and arrays. */
export type VariableValue = number | bigint | boolean | Uint8Array;

/**
 * The contents of every data section that these values change, by section name. Throws BpfError `VARIABLE_UNKNOWN`
 * or `VARIABLE_BAD_VALUE`, before anything is loaded.
 */
export function sectionContents(
	spec: ObjectSpec,
	values: Readonly<Record<string, VariableValue | undefined>>,
): Map<string, Uint8Array> {
	const sections = new Map<string, Uint8Array>();
	for (const [name, value] of Object.entries(values)) {
		if (value === undefined) continue;
		const variable = Object.hasOwn(spec.variables, name) ? spec.variables[name] : undefined;
		if (variable === undefined) throw unknownVariable(spec, name);
		const contents = sections.get(variable.section) ?? initialContents(spec, variable.section);
		contents.set(encodeVariable(variable, value), variable.offset);
		sections.set(variable.section, contents);
	}
	return sections;
}

function unknownVariable(spec: ObjectSpec, name: string): BpfError {
	const names = Object.keys(spec.variables).join(", ") || "none";
	return new BpfError(`${spec.name} has no global variable ${name}; it has: ${names}`, {
		code: "VARIABLE_UNKNOWN",
		operation: "set variable",
		object: name,
	});
}

function initialContents(spec: ObjectSpec, section: string): Uint8Array {
	// From the file, not from the variables: sections also hold what BTF does not name, such as jump tables.
	const found = readElf(spec.bytes, spec.name).sections.find(({ name }) => name === section);
	const contents = new Uint8Array(found?.size ?? 0);
	contents.set(found?.data ?? []);
	return contents;
}

/** A value as the variable's bytes. Throws BpfError `VARIABLE_BAD_VALUE` for a wrong kind, size or range. */
export function encodeVariable(variable: VariableSpec, value: VariableValue): Uint8Array {
	if (value instanceof Uint8Array) {
		if (value.length === variable.size) return value;
		throw badValue(variable, `it has ${variable.size} bytes, not ${value.length}`);
	}
	switch (variable.format) {
		case "boolean":
			return Uint8Array.of(booleanOf(variable, value));
		case "float":
			return encodeFloat(variable, value);
		case "signed":
		case "unsigned":
			return encodeInteger(variable, value);
		case "bytes":
			throw badValue(variable, `it is a struct or array and takes a Uint8Array of ${variable.size} bytes`);
	}
}

function booleanOf(variable: VariableSpec, value: number | bigint | boolean): number {
	if (typeof value === "boolean" || Number(value) === 0 || Number(value) === 1) return Number(value);
	throw badValue(variable, `it is a bool and takes true or false, not ${value}`);
}

function encodeFloat(variable: VariableSpec, value: number | bigint | boolean): Uint8Array {
	if (typeof value !== "number") throw badValue(variable, `it takes a number, not ${value}`);
	const bytes = new Uint8Array(variable.size);
	if (variable.size === 4) viewOf(bytes).setFloat32(0, value, true);
	else viewOf(bytes).setFloat64(0, value, true);
	return bytes;
}

function encodeInteger(variable: VariableSpec, value: number | bigint | boolean): Uint8Array {
	if (typeof value === "number" && !Number.isInteger(value)) {
		throw badValue(variable, `it takes an integer, not ${value}`);
	}
	const integer = BigInt(value);
	const bits = BigInt(variable.size * 8);
	const signed = variable.format === "signed";
	const least = signed ? -(1n << (bits - 1n)) : 0n;
	const most = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
	if (integer < least || integer > most)
		throw badValue(variable, `it takes ${least} to ${most}, not ${value}`);
	const bytes = new Uint8Array(variable.size);
	for (let index = 0; index < variable.size; index++) {
		const at = variable.bigEndian ? variable.size - 1 - index : index;
		bytes[at] = Number((integer >> BigInt(8 * index)) & 0xffn);
	}
	return bytes;
}

function badValue(variable: VariableSpec, why: string): BpfError {
	return new BpfError(`cannot set variable ${variable.name}: ${why}`, {
		code: "VARIABLE_BAD_VALUE",
		operation: "set variable",
		object: variable.name,
	});
}
