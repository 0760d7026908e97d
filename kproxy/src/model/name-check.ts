import { type FieldPath, type ParseContext, show } from "./field-check.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Checks a name as the API server does: RFC 1123 label, at most 63 characters. */
export function checkLabel(name: string, path: FieldPath, context: ParseContext): void {
	if (name.length > 63) problem(path, { name, limit: 63 }, context);
	else if (!LABEL.test(name)) problem(path, { name }, context);
}

/** Checks a name as the API server does: RFC 1123 subdomain, at most 253 characters. */
export function checkSubdomain(name: string, path: FieldPath, context: ParseContext): void {
	if (name.length > 253) problem(path, { name, limit: 253 }, context);
	else if (!SUBDOMAIN.test(name)) problem(path, { name, dots: true }, context);
}

function problem(
	path: FieldPath,
	{ name, limit, dots }: { name: string; limit?: number; dots?: boolean },
	{ problems }: ParseContext,
): void {
	if (limit !== undefined) {
		problems.push({ path, message: `has ${name.length} characters; ${limit} are allowed` });
		return;
	}
	const allowed = dots ? "lower case letters, digits, '-' and '.'" : "lower case letters, digits and '-'";
	const message = `is ${show(name)}; use ${allowed}, beginning and ending with a letter or digit`;
	problems.push({ path, message });
}
