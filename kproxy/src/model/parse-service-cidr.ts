import { parseCidr } from "./cidr.ts";
import { asList, asRecord, asText, type FieldPath, type ParseContext, show } from "./field-check.ts";
import { checkSubdomain } from "./name-check.ts";
import type { ServiceCIDRObject } from "./objects.ts";
import type { ObjectMeta } from "./parse-object.ts";

/** Reads a `networking.k8s.io/v1` ServiceCIDR; problems go to the context, and then the result is not for use. */
export function parseServiceCIDR(
	raw: Readonly<Record<string, unknown>>,
	meta: ObjectMeta,
	context: ParseContext,
): ServiceCIDRObject {
	if (context.origin === "manifest") checkSubdomain(meta.name, ["metadata", "name"], context);
	const spec = asRecord(raw.spec, ["spec"], context);
	const path = ["spec", "cidrs"];
	const cidrs = readCidrs(spec?.cidrs, path, context);
	if (context.origin === "manifest") {
		if (cidrs.length === 0 && context.problems.length === 0) {
			context.problems.push({ path, message: "has no CIDR; it needs one for each IP family" });
		} else if (cidrs.length > 2) {
			context.problems.push({
				path,
				message: `has ${cidrs.length} CIDRs; one for each IP family is allowed`,
			});
		}
	}
	return { kind: "ServiceCIDR", namespace: "", name: meta.name, cidrs };
}

/** A list of CIDRs, each in its one spelling. One that is none is a problem. */
export function readCidrs(value: unknown, path: FieldPath, context: ParseContext): readonly string[] {
	const cidrs: string[] = [];
	for (const [index, item] of asList(value, path, context).entries()) {
		const cidr = readCidr(item, [...path, index], context);
		if (cidr !== undefined) cidrs.push(cidr);
	}
	return cidrs;
}

/** A CIDR in its one spelling; undefined where it is missing, and with a problem where it is none. */
export function readCidr(value: unknown, path: FieldPath, context: ParseContext): string | undefined {
	const cidr = parseCidr(asText(value, path, context));
	if (cidr === undefined && typeof value === "string") {
		const message = `is ${show(value)}, which is no CIDR; write it as 10.0.0.0/8 or fd00::/64`;
		context.problems.push({ path, message });
	}
	return cidr?.text;
}
