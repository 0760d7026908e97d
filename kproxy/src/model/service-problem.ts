import type { Problem } from "../problem.ts";

/** Something that is wrong with a Service, and what happens now. */
export function serviceProblem(service: { namespace: string; name: string }, why: string): Problem {
	const object = `Service ${service.namespace}/${service.name}`;
	return { id: `${object} ${why}`, object, code: "BAD_OBJECT", message: `${object}: ${why}` };
}
