import { BpfError, errnoName } from "bpf-loader";
import type { Place } from "./place.ts";
import type { FeatureAnswer } from "./report.ts";

/** One thing that a kernel can or cannot do. */
export interface Feature {
	/** As it stands in the table and in errors. */
	name: string;
	/** What kproxy and the loader use where it is missing. */
	fallback?: string;
	/** Tries it: false or a BpfError where the kernel refuses. */
	works(place: Place): boolean;
}

/** Tries a feature. An error that is not the kernel's refusal is thrown on: the try itself is wrong. */
export function tryFeature(feature: Feature, place: Place): FeatureAnswer {
	try {
		return feature.works(place) ? "works" : missing(feature, "missing");
	} catch (error) {
		if (!(error instanceof BpfError)) throw new Error(`cannot try ${feature.name}`, { cause: error });
		return missing(feature, error.errno === undefined ? error.code : errnoName(error.errno));
	}
}

function missing({ fallback }: Feature, refused: string): FeatureAnswer {
	return fallback === undefined ? { refused } : { fallback };
}

/** The error for a system call that gave a negative errno. */
export function refused(operation: string, object: string, status: number): BpfError {
	return new BpfError(`cannot ${operation} ${object}: ${errnoName(-status)}`, {
		code: "REFUSED",
		operation,
		object,
		errno: -status,
	});
}
