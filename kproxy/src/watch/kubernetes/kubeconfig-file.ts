import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BpfError } from "bpf-loader";
import { parse } from "yaml";

/** A mapping of unknown content. */
export type Fields = Readonly<Record<string, unknown>>;

/** A named entry of a kubeconfig and the directory that its relative paths start from. */
export interface Entry {
	fields: Fields;
	directory: string;
}

/** One or several kubeconfig files, merged: for each name the first file that has it counts. */
export interface Kubeconfig {
	currentContext: string | undefined;
	contexts: ReadonlyMap<string, Entry>;
	clusters: ReadonlyMap<string, Entry>;
	users: ReadonlyMap<string, Entry>;
}

/**
 * Reads a kubeconfig, or a list of them with colons as in `KUBECONFIG`. Of a list, files that do not exist are left out,
 * as kubectl does; a single one must exist.
 */
export async function readKubeconfig(paths: string): Promise<Kubeconfig> {
	const files = paths.split(":").filter((path) => path !== "");
	const merged = {
		currentContext: undefined as string | undefined,
		contexts: new Map<string, Entry>(),
		clusters: new Map<string, Entry>(),
		users: new Map<string, Entry>(),
	};
	let found = 0;
	for (const file of files) {
		const fields = await readFields(file, { optional: files.length > 1 });
		if (fields === undefined) continue;
		found += 1;
		if (typeof fields["current-context"] === "string" && fields["current-context"] !== "") {
			merged.currentContext ??= fields["current-context"];
		}
		const directory = dirname(resolve(file));
		addEntries(fields.contexts, { file, directory, list: "contexts", inner: "context" }, merged.contexts);
		addEntries(fields.clusters, { file, directory, list: "clusters", inner: "cluster" }, merged.clusters);
		addEntries(fields.users, { file, directory, list: "users", inner: "user" }, merged.users);
	}
	if (found === 0)
		throw kubeconfigError(paths, "no such file", { hint: "give the path of an existing file" });
	return merged;
}

/** What is wrong with a kubeconfig, in one line. */
export function kubeconfigError(
	path: string,
	why: string,
	{ code = "KUBECONFIG", hint, cause }: { code?: string; hint?: string; cause?: unknown } = {},
): BpfError {
	return new BpfError(`kubeconfig ${path}: ${why}`, {
		code,
		operation: "read",
		object: path,
		hint,
		cause,
	});
}

async function readFields(file: string, { optional }: { optional: boolean }): Promise<Fields | undefined> {
	let text: string;
	try {
		text = await readFile(file, "utf8");
	} catch (cause) {
		const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
		if (code === "ENOENT" && optional) return undefined;
		const why = code === "ENOENT" ? "no such file" : cause instanceof Error ? cause.message : String(cause);
		throw kubeconfigError(file, why, { hint: "give the path of a readable kubeconfig file", cause });
	}
	let fields: unknown;
	try {
		fields = parse(text);
	} catch (cause) {
		const why = cause instanceof Error ? (cause.message.split("\n", 1)[0] ?? "") : String(cause);
		throw kubeconfigError(file, `not YAML: ${why.replace(/:$/, "")}`, { cause });
	}
	if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
		throw kubeconfigError(file, "not a kubeconfig: it has no clusters, users and contexts");
	}
	return fields as Fields;
}

function addEntries(
	value: unknown,
	where: { file: string; directory: string; list: string; inner: string },
	entries: Map<string, Entry>,
): void {
	if (value === undefined || value === null) return;
	if (!Array.isArray(value)) throw kubeconfigError(where.file, `${where.list} must be a list`);
	for (const [index, item] of value.entries()) {
		const { name, [where.inner]: fields } = (item ?? {}) as Record<string, unknown>;
		if (typeof name !== "string" || name === "") {
			throw kubeconfigError(where.file, `${where.list}[${index}] has no name`);
		}
		if (typeof fields !== "object" || fields === null) {
			throw kubeconfigError(where.file, `${where.list} entry "${name}" has no ${where.inner}`);
		}
		if (!entries.has(name)) entries.set(name, { fields: fields as Fields, directory: where.directory });
	}
}
