// Written by bpf2ts from netns_cookie.bpf.o. Do not edit.
import { u32, u64 } from "bpf-loader";

/** Variables to set with `loadObject`; the program finds them constant. Bytes are made by their codec. */
export interface Tunables {
	/** Id of the process that opens a socket to ask. */
	asking_process?: number;
}

export const variables = {
	/** Id of the process that opens a socket to ask. */
	asking_process: {
		name: "asking_process",
		section: ".rodata",
		size: 4,
		codec: u32,
		doc: "Id of the process that opens a socket to ask.",
	},
} as const;

export const maps = {
	/** The answer; 0: none yet. */
	netns_cookie: {
		name: "netns_cookie",
		type: "array",
		maxEntries: 1,
		flags: 0,
		key: u32,
		value: u64,
		doc: "The answer; 0: none yet.",
	},
} as const;

export const programs = {
	note_netns: {
		name: "note_netns",
		section: "cgroup/sock_create",
		type: "cgroup_sock",
	},
} as const;

/** For `loadObject<Names>`: a misspelt name does not compile. */
export interface Names {
	programs: keyof typeof programs;
	maps: keyof typeof maps;
	variables: keyof typeof variables;
}
