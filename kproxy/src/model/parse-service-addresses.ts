import { isLinkLocal, parseAddress, specialAddress } from "./address.ts";
import { asList, asOneOf, asRecord, asText, type FieldPath, type ParseContext, show } from "./field-check.ts";
import type { ServiceObject } from "./objects.ts";

/** One address in its one spelling; undefined, with a problem, where it can be none of a Service. */
export function readAddress(value: unknown, path: FieldPath, context: ParseContext): string | undefined {
	const text = asText(value, path, context);
	const address = parseAddress(text);
	if (address === undefined) {
		if (typeof value === "string") {
			context.problems.push({ path, message: `is ${show(value)}, which is not an IP address` });
		}
		return undefined;
	}
	if (context.origin === "manifest") {
		const why = specialAddress(address) ?? (isLinkLocal(address) ? "a link-local address" : undefined);
		if (why !== undefined) {
			context.problems.push({
				path,
				message: `is ${address}, ${why}; it cannot be the address of a Service`,
			});
		}
	}
	return address;
}

/** A list of addresses. What comes from the API stays as it is: one that is bad must not take the whole Service. */
export function readAddresses(value: unknown, path: FieldPath, context: ParseContext): readonly string[] {
	const list = asList(value, path, context);
	return compact(list.map((item, index) => readOutside(item, [...path, index], context)));
}

function readOutside(value: unknown, path: FieldPath, context: ParseContext): string | undefined {
	return context.origin === "api" ? asText(value, path, context) : readAddress(value, path, context);
}

const IP_MODES = ["VIP", "Proxy"] as const;

/** Addresses of `status.loadBalancer.ingress` that nodes answer themselves: host names and `ipMode: Proxy` are not. */
export function readLoadBalancerIPs(
	raw: Readonly<Record<string, unknown>>,
	type: ServiceObject["type"],
	context: ParseContext,
): readonly string[] {
	const status = asRecord(raw.status, ["status"], context);
	const path = ["status", "loadBalancer", "ingress"];
	const balancer = asRecord(status?.loadBalancer, path.slice(0, 2), context);
	const ingress = asList(balancer?.ingress, path, context);
	if (ingress.length > 0 && type !== "LoadBalancer" && context.origin === "manifest") {
		const message = `is for Services of type LoadBalancer; this one has type ${type}`;
		context.problems.push({ path, message });
	}
	const found: string[] = [];
	for (const [index, value] of ingress.entries()) {
		const at = [...path, index];
		const fields = asRecord(value, at, context);
		if (fields === undefined || (fields.ip ?? "") === "") continue;
		const mode = asOneOf(
			fields.ipMode,
			{ path: [...at, "ipMode"], choices: IP_MODES, fallback: "VIP" },
			context,
		);
		const address = readOutside(fields.ip, [...at, "ip"], context);
		if (mode === "VIP" && address !== undefined) found.push(address);
	}
	return found;
}

/** The list without its holes. */
export function compact<T>(list: readonly (T | undefined)[]): readonly T[] {
	return list.filter((item) => item !== undefined);
}
