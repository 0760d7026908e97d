/** Why something is not served as asked, or may soon not be. */
export type ProblemCode =
	| "BAD_OBJECT"
	| "FRONTEND_TAKEN"
	| "MAP_FULL"
	| "MAP_NEARLY_FULL"
	| "MAP_REPAIRED"
	| "WRITE_FAILED"
	| "HEALTH_CHECK_PORT"
	| "DEVICE_FAILED"
	| "DEVICE_UNSUPPORTED"
	| "POD_UNTIED";

/** One problem of one object, for its status and one log line. */
export interface Problem {
	/** Stays the same as long as the problem does, whatever numbers the message has: it is said once. */
	id: string;
	/** What has the problem, as in `Service shop/web`, `EndpointSlice shop/web-x1` or `map svc_slots`. */
	object: string;
	code: ProblemCode;
	/** One line that stands alone: what, on what, why, what happens now. */
	message: string;
	/** With `MAP_FULL` and `MAP_NEARLY_FULL`: the map, its use and its limit in entries. */
	map?: { name: string; used: number; limit: number };
}
