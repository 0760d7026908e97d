import { parseAddress } from "./address.ts";
import { asList, asRecord, asText, type ParseContext, show } from "./field-check.ts";
import { checkSubdomain } from "./name-check.ts";
import type { NodeAddress, NodeObject } from "./objects.ts";
import type { ObjectMeta } from "./parse-object.ts";
import { readCidrs } from "./parse-service-cidr.ts";

type Fields = Readonly<Record<string, unknown>>;

const ZONE_LABEL = "topology.kubernetes.io/zone";
/** The cluster autoscaler puts this taint on a node before it deletes it; kube-proxy's healthz heeds it, too. */
const LEAVING_TAINT = "ToBeDeletedByClusterAutoscaler";

/** Reads a `v1` Node; problems go to the context, and then the result is not for use. */
export function parseNode(raw: Fields, meta: ObjectMeta, context: ParseContext): NodeObject {
	if (context.origin === "manifest") checkSubdomain(meta.name, ["metadata", "name"], context);
	const spec = asRecord(raw.spec, ["spec"], context);
	const podCIDRs = readCidrs(spec?.podCIDRs, ["spec", "podCIDRs"], context);
	const single = spec?.podCIDR ?? "";
	return {
		kind: "Node",
		namespace: "",
		name: meta.name,
		zone: meta.labels[ZONE_LABEL] ?? "",
		addresses: readAddresses(raw, context),
		podCIDRs:
			podCIDRs.length > 0 || single === "" ? podCIDRs : readCidrs([single], ["spec", "podCIDR"], context),
		deleting: (meta.deletionTimestamp ?? null) !== null || isLeaving(spec, context),
	};
}

function isLeaving(spec: Fields | undefined, context: ParseContext): boolean {
	return asList(spec?.taints, ["spec", "taints"], context).some(
		(value, index) => asRecord(value, ["spec", "taints", index], context)?.key === LEAVING_TAINT,
	);
}

function readAddresses(raw: Fields, context: ParseContext): readonly NodeAddress[] {
	const status = asRecord(raw.status, ["status"], context);
	const addresses: NodeAddress[] = [];
	for (const [index, value] of asList(status?.addresses, ["status", "addresses"], context).entries()) {
		const path = ["status", "addresses", index];
		const fields = asRecord(value, path, context);
		// Host names are of no use here.
		if (fields === undefined || (fields.type !== "InternalIP" && fields.type !== "ExternalIP")) continue;
		const text = asText(fields.address, [...path, "address"], context);
		const address = parseAddress(text);
		if (address !== undefined) addresses.push({ type: fields.type, address });
		else if (context.origin === "manifest") {
			const message = `is ${show(fields.address)}, which is not an IP address`;
			context.problems.push({ path: [...path, "address"], message });
		}
	}
	return addresses;
}
