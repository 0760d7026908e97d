import { unsupported } from "../btf/error.ts";
import type { Layout, LayoutFinder } from "../btf/layout.ts";
import { layoutFinder } from "../btf/layout-finder.ts";
import { parseBtf } from "../btf/parse.ts";
import { type Btf, docKey, findType } from "../btf/types.ts";
import type { MapSpec, ObjectSpec, ProgramSpec, VariableSpec } from "../spec/object-spec.ts";
import { addType, isRepresentable, newScope, type Scope } from "./scope.ts";

/** What an object offers to userspace, with layouts in place of type ids; each list is sorted by name. */
export interface Content {
	scope: Scope;
	variables: readonly VariableContent[];
	maps: readonly MapContent[];
	programs: readonly (ProgramSpec & { doc: string | undefined })[];
}

export interface VariableContent {
	spec: VariableSpec;
	layout: Layout;
	doc: string | undefined;
}

/** `key` and `value` are undefined for maps that have none (ring buffers, queues). */
export interface MapContent {
	spec: MapSpec;
	key: Layout | undefined;
	value: Layout | undefined;
	inner: MapContent | undefined;
	doc: string | undefined;
}

interface Source {
	scope: Scope;
	btf: Btf;
	layoutOf: LayoutFinder;
}

/** Types that are written though no map or variable uses them, by their names in C. */
export interface Extras {
	enums: readonly string[];
	structs: readonly string[];
}

/** Gathers all types that a module for this object has to declare. Throws as `generateModule` does. */
export function readContent(spec: ObjectSpec, extras: Extras): Content {
	const btf = parseBtf(spec.btf);
	const source: Source = { scope: newScope(), btf, layoutOf: layoutFinder(btf) };
	const maps = sorted(spec.maps).filter(({ section }) => section === ".maps");
	const content = {
		scope: source.scope,
		maps: maps.map((map) => readMap(source, map)),
		variables: sorted(spec.variables).flatMap((variable) => readVariable(source, variable) ?? []),
		programs: sorted(spec.programs).map((program) => ({
			...program,
			doc: docOf(btf, "function", program.name),
		})),
	};
	for (const name of extras.enums) addNamed(source, ["enum"], name);
	for (const name of extras.structs) addNamed(source, ["struct", "union"], name);
	return content;
}

/** Sorted by name, so that neither compiler nor linker decides the order. */
function sorted<T extends { name: string }>(byName: Readonly<Record<string, T>>): T[] {
	return Object.values(byName).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function docOf(btf: Btf, kind: "function" | "variable", name: string): string | undefined {
	const id = findType(btf, kind, name);
	return id === undefined ? undefined : btf.docs.get(docKey(id));
}

function addNamed(
	{ scope, btf, layoutOf }: Source,
	kinds: readonly ("enum" | "struct" | "union")[],
	name: string,
): void {
	const ids = [...kinds, "typedef" as const].map((kind) => findType(btf, kind, name));
	const id = ids.find((found) => found !== undefined);
	const layout = id === undefined ? undefined : layoutOf(id, name);
	if (!layout || !kinds.some((kind) => kind === layout.kind)) {
		const hint = "BTF has only the types that programs, maps and variables use";
		throw unsupported(`${kinds[0]} ${name}`, "the object's BTF has no such type", hint);
	}
	addType(scope, layout, name);
}

/** A variable that userspace can name: not a static one. What has no representation is left as raw bytes. */
function readVariable({ scope, btf, layoutOf }: Source, spec: VariableSpec): VariableContent | undefined {
	const variable = btf.types[findType(btf, "variable", spec.name) ?? 0];
	if (variable?.kind !== "variable" || variable.linkage === 0) return undefined;
	const found = layoutOf(spec.typeId, spec.name);
	const raw: Layout = { kind: "bytes", cName: spec.name, size: spec.size };
	const layout = isRepresentable(found) ? found : raw;
	addType(scope, layout, spec.name);
	return { spec, layout, doc: docOf(btf, "variable", spec.name) };
}

function readMap(source: Source, spec: MapSpec): MapContent {
	return {
		spec,
		key: readSide(source, spec, "key"),
		value: readSide(source, spec, "value"),
		inner: spec.innerMap && readMap(source, spec.innerMap),
		doc: docOf(source.btf, "variable", spec.name),
	};
}

const indexed = /array|devmap$|cpumap|xskmap|sockmap/;
const holdsDescriptors =
	/^(prog|perf_event|cgroup)_array$|_of_maps$|^devmap|^cpumap$|^xskmap$|^sock(map|hash|array)$/;

/** The layout of keys or values: by type where the C gives one, else an index or descriptor, else raw bytes. */
function readSide({ scope, layoutOf }: Source, spec: MapSpec, side: "key" | "value"): Layout | undefined {
	const [id, size] = side === "key" ? [spec.keyTypeId, spec.keySize] : [spec.valueTypeId, spec.valueSize];
	if (size === 0) return undefined;
	if (id !== 0) {
		const layout = layoutOf(id, `${spec.name.replace(".", "_")}_${side}`);
		addType(scope, layout, `${side} of map ${spec.name}`);
		return layout;
	}
	const isNumber = (side === "key" ? indexed : holdsDescriptors).test(spec.type);
	if (isNumber && (size === 4 || size === 8)) {
		return { kind: "scalar", cName: `__u${size * 8}`, size, codec: size === 4 ? "u32" : "u64" };
	}
	return { kind: "bytes", cName: `${side} of ${spec.name}`, size };
}
