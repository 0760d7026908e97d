/** What host and guest tell each other: one JSON object a line. */

export interface ToGuest {
	command: readonly string[];
}

export type FromGuest =
	| { event: "ready" }
	| { event: "alive" }
	| { event: "line"; stream: "stdout" | "stderr"; text: string }
	/** `code` is null where a signal ended the command, or it could not be started; `how` says so in words. */
	| { event: "ended"; how: string; code: number | null };
