import { stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { BpfError } from "bpf-loader";
import { type ApiObject, type Kind, SERVICE_KINDS } from "../../model/objects.ts";
import { type Clock, systemClock } from "../clock.ts";
import { createIntern } from "../intern.ts";
import { createProblemBoard, type ProblemBoard } from "../problem-board.ts";
import type { Sink, Source, SourceStatus } from "../source.ts";
import { watchDirectory } from "./directory-watch.ts";
import { mergeManifests } from "./merge-manifests.ts";
import { type ScannedFile, scanDirectory } from "./scan-directory.ts";

/** Which directory, and how to watch it. */
export interface ManifestsSourceOptions {
	/** Holds .yaml, .yml and .json files; directories inside it are left out. */
	directory: string;
	/** Default: those of Services. */
	kinds?: readonly Kind[];
	/** Quiet that a change must be followed by before the directory is read, in ms; default 100. */
	settleMs?: number;
	/** How often to look without being told, in ms: not every file system tells. Default 2000. */
	pollMs?: number;
	/** For tests. */
	clock?: Clock;
}

/** What the source knows while it runs. */
interface State {
	directory: string;
	kinds: readonly Kind[];
	intern: (text: string) => string;
	board: ProblemBoard;
	sink: Sink;
	files: ReadonlyMap<string, ScannedFile>;
	/** By key, what the sink has. */
	told: ReadonlyMap<string, ApiObject>;
}

/** The objects that the model reads, from the YAML and JSON files of a directory, watched. */
export function createManifestsSource(options: ManifestsSourceOptions): Source {
	const { directory, kinds = SERVICE_KINDS } = options;
	const clock = options.clock ?? systemClock;
	const name = `manifests ${directory}`;
	let board: ProblemBoard | undefined;
	let lastContactMs: number | undefined;
	let synced = false;

	return {
		name,
		kinds,
		async run(sink, signal) {
			await checkDirectory(directory);
			board = createProblemBoard(sink.notice);
			const state: State = {
				directory,
				kinds,
				intern: createIntern(),
				board,
				sink,
				files: new Map(),
				told: new Map(),
			};
			const watch = watchDirectory(directory, {
				settleMs: options.settleMs ?? 100,
				pollMs: options.pollMs ?? 2000,
				signal,
			});
			try {
				await watch.start();
				do {
					if (await scan(state)) lastContactMs = clock.now();
					if (!synced) for (const kind of kinds) sink.synced(kind);
					synced = true;
				} while (await watch.changed());
			} finally {
				await watch.close();
			}
		},
		status: (): SourceStatus => ({ name, synced, lastContactMs, problems: board?.lines() ?? [] }),
	};
}

/** A directory that is not there at the start is a mistake in the command line. */
async function checkDirectory(directory: string): Promise<void> {
	let why: string;
	let cause: unknown;
	try {
		if ((await stat(directory)).isDirectory()) return;
		why = "is a file, not a directory; give the directory that it lies in";
	} catch (error) {
		cause = error;
		why = directoryError(error);
	}
	throw new BpfError(`manifests: ${directory} ${why}`, {
		code: "MANIFESTS_DIRECTORY",
		operation: "read",
		object: directory,
		cause,
	});
}

function directoryError(error: unknown): string {
	const code = error instanceof Error && "code" in error ? error.code : undefined;
	if (code === "ENOENT") return "does not exist; create it, or give another directory";
	if (code === "ENOTDIR") return "is not a directory; give the directory that the manifests lie in";
	if (code === "EACCES") return "cannot be read (EACCES); check who owns it and its mode";
	return `cannot be read (${String(code ?? error)})`;
}

/** Reads the directory and tells the sink what differs. Returns false, and keeps all as it is, where it cannot be read. */
async function scan(state: State): Promise<boolean> {
	const { directory, board, sink } = state;
	try {
		state.files = await scanDirectory(directory, {
			before: state.files,
			intern: state.intern,
			kinds: state.kinds,
		});
	} catch (error) {
		board.raise(
			"directory",
			`manifests: ${directory} ${directoryError(error)}; the last state keeps serving`,
		);
		return false;
	}
	board.clear("directory", `manifests: ${directory} can be read again`);
	const { objects, problems } = mergeManifests(
		new Map([...state.files].map(([path, file]) => [path, file.manifest])),
	);
	reportProblems(state, problems);
	for (const [key, object] of objects) {
		if (!isDeepStrictEqual(state.told.get(key), object)) sink.set(object);
	}
	for (const [key, { kind, namespace, name }] of state.told) {
		if (!objects.has(key)) sink.delete(kind, namespace, name);
	}
	state.told = objects;
	return true;
}

function reportProblems({ board, directory, files }: State, problems: readonly string[]): void {
	for (const problem of problems) board.raise(`file ${problem}`, problem);
	board.clearOthers("file ", new Set(problems.map((problem) => `file ${problem}`)));
	if (files.size > 0) board.clear("empty");
	else
		board.raise(
			"empty",
			`manifests: ${directory} holds no .yaml, .yml or .json file; nothing is served from it`,
		);
}
