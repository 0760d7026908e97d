import type { BpfMap } from "./bpf-map.ts";
import type { Loaded } from "./load-object.ts";
import type { Program } from "./program.ts";

/** The names in an object. With unions of literals in place of `string`, a misspelt name does not compile. */
export interface ObjectNames {
	programs: string;
	maps: string;
	variables: string;
}

/** A loaded object. Owns its programs and maps: `close()` closes them all; what is pinned or attached lives on. */
export class BpfObject<Names extends ObjectNames = ObjectNames> {
	/** By C function name; programs that were not loaded are missing. */
	readonly programs: Readonly<Record<Names["programs"], Program>>;
	/** By C variable name; data sections under their section name. */
	readonly maps: Readonly<Record<Names["maps"], BpfMap>>;

	/** Takes over what was loaded; made by `loadObject`. */
	constructor(loaded: Loaded) {
		this.programs = Object.fromEntries(loaded.programs) as Record<Names["programs"], Program>;
		this.maps = Object.fromEntries(loaded.maps) as Record<Names["maps"], BpfMap>;
	}

	/** Closes every program and map; a second time is no error. */
	close(): void {
		for (const program of Object.values<Program>(this.programs)) program.close();
		for (const map of Object.values<BpfMap>(this.maps)) map.close();
	}

	[Symbol.dispose](): void {
		this.close();
	}
}
