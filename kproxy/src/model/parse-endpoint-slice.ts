import { addressFamily, canonicalAddress, specialAddress } from "./address.ts";
import {
	asFlag,
	asList,
	asOneOf,
	asPort,
	asRecord,
	asText,
	type FieldPath,
	type ParseContext,
	show,
} from "./field-check.ts";
import { checkSubdomain } from "./name-check.ts";
import type { EndpointSliceObject, SliceEndpoint } from "./objects.ts";
import type { ObjectMeta } from "./parse-object.ts";
import { PROTOCOLS } from "./parse-service-ports.ts";

type SlicePort = EndpointSliceObject["ports"][number];
type AddressType = EndpointSliceObject["addressType"];
type Fields = Readonly<Record<string, unknown>>;

const ADDRESS_TYPES = ["IPv4", "IPv6", "FQDN"] as const;
const SERVICE_LABEL = "kubernetes.io/service-name";
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

/** Reads a `discovery.k8s.io/v1` EndpointSlice; problems go to the context, and then the result is not for use. */
export function parseEndpointSlice(
	raw: Fields,
	meta: ObjectMeta,
	context: ParseContext,
): EndpointSliceObject {
	if (context.origin === "manifest") checkSubdomain(meta.name, ["metadata", "name"], context);
	if (raw.addressType === undefined || raw.addressType === null) {
		context.problems.push({
			path: ["addressType"],
			message: `is missing; it must be one of ${ADDRESS_TYPES.join(", ")}`,
		});
	}
	const addressType = asOneOf(
		raw.addressType,
		{ path: ["addressType"], choices: ADDRESS_TYPES, fallback: "IPv4" },
		context,
	);
	return {
		kind: "EndpointSlice",
		namespace: meta.namespace,
		name: meta.name,
		service: context.intern(meta.labels[SERVICE_LABEL] ?? ""),
		addressType,
		ports: readPorts(raw, context),
		endpoints: readEndpoints(raw, addressType, context),
		triggerTimeMs: triggerTime(meta),
	};
}

function readPorts(raw: Fields, context: ParseContext): readonly SlicePort[] {
	const ports: SlicePort[] = [];
	for (const [index, value] of asList(raw.ports, ["ports"], context).entries()) {
		const path = ["ports", index];
		const fields = asRecord(value, path, context);
		if (fields === undefined) continue;
		const name = context.intern(asText(fields.name, [...path, "name"], context));
		const protocol = asOneOf(
			fields.protocol,
			{ path: [...path, "protocol"], choices: PROTOCOLS, fallback: "TCP" },
			context,
		);
		// The API has a missing number mean "all ports", which no Service port can be served by.
		const missing = (fields.port === undefined || fields.port === null) && context.origin === "api";
		const port = missing ? undefined : asPort(fields.port, [...path, "port"], context);
		const twin = ports.findIndex((known) => known.name === name);
		if (twin >= 0 && context.origin === "manifest") {
			const which = name === "" ? "has no name either" : `has the name ${name} again`;
			context.problems.push({ path, message: `${which}, as ports[${twin}] does; names must differ` });
		}
		ports.push({ name, protocol, port });
	}
	return ports;
}

function readEndpoints(
	raw: Fields,
	addressType: AddressType,
	context: ParseContext,
): readonly SliceEndpoint[] {
	const list = asList(raw.endpoints, ["endpoints"], context);
	const endpoints: SliceEndpoint[] = [];
	for (let index = 0; index < list.length; index += 1) {
		const path = ["endpoints", index];
		const fields = asRecord(list[index], path, context);
		if (fields === undefined) {
			if (list[index] === null) context.problems.push({ path, message: "is empty; it needs addresses" });
			continue;
		}
		endpoints.push(readEndpoint(fields, { path, addressType }, context));
	}
	return endpoints;
}

/** A missing condition counts as ready, serving and not terminating, as the API says. */
function readEndpoint(
	fields: Fields,
	{ path, addressType }: { path: FieldPath; addressType: AddressType },
	context: ParseContext,
): SliceEndpoint {
	const conditions = asRecord(fields.conditions, [...path, "conditions"], context) ?? {};
	const flag = (name: string, fallback: boolean): boolean =>
		asFlag(conditions[name], { path: [...path, "conditions", name], fallback }, context);
	const nodeName = fields.nodeName ?? undefined;
	// Not spread into the object below: that would cost 100,000 of them 40 bytes each.
	const { forZones, forNodes } = readHints(fields, path, context);
	return {
		addresses: readAddresses(fields, { path: [...path, "addresses"], addressType }, context),
		ready: flag("ready", true),
		serving: flag("serving", true),
		terminating: flag("terminating", false),
		nodeName:
			nodeName === undefined ? undefined : context.intern(asText(nodeName, [...path, "nodeName"], context)),
		forZones,
		forNodes,
	};
}

const NO_NAMES: readonly string[] = Object.freeze([]);
const NO_HINTS = Object.freeze({ forZones: NO_NAMES, forNodes: NO_NAMES });

function readHints(
	fields: Fields,
	path: FieldPath,
	context: ParseContext,
): Pick<SliceEndpoint, "forZones" | "forNodes"> {
	const hints = asRecord(fields.hints, [...path, "hints"], context);
	if (hints === undefined) return NO_HINTS;
	return {
		forZones: readNames(hints.forZones, [...path, "hints", "forZones"], context),
		forNodes: readNames(hints.forNodes, [...path, "hints", "forNodes"], context),
	};
}

function readNames(value: unknown, path: FieldPath, context: ParseContext): readonly string[] {
	const names: string[] = [];
	for (const [index, item] of asList(value, path, context).entries()) {
		const name = asText(asRecord(item, [...path, index], context)?.name, [...path, index, "name"], context);
		if (name !== "") names.push(context.intern(name));
		else if (context.origin === "manifest" && context.problems.length === 0) {
			context.problems.push({ path: [...path, index, "name"], message: "is missing" });
		}
	}
	return names.length === 0 ? NO_NAMES : names;
}

function readAddresses(
	fields: Fields,
	{ path, addressType }: { path: FieldPath; addressType: AddressType },
	context: ParseContext,
): readonly string[] {
	const list = asList(fields.addresses, path, context);
	if (context.origin === "manifest" && list.length === 0 && context.problems.length === 0) {
		context.problems.push({ path, message: "has no address; an endpoint needs at least one" });
	}
	return list.map((value, index) => {
		const text = asText(value, [...path, index], context);
		if (context.origin === "manifest" && typeof value === "string" && addressType !== "FQDN") {
			checkAddress(text, { path: [...path, index], addressType }, context);
		}
		return text;
	});
}

function checkAddress(
	text: string,
	{ path, addressType }: { path: FieldPath; addressType: "IPv4" | "IPv6" },
	{ problems }: ParseContext,
): void {
	const family = addressFamily(text);
	if (family === undefined) {
		problems.push({ path, message: `is ${show(text)}, which is not an IP address` });
	} else if (family !== addressType) {
		problems.push({
			path,
			message: `is ${text}, an ${family} address in a slice with addressType ${addressType}`,
		});
	} else if (canonicalAddress(text, family) === undefined) {
		problems.push({ path, message: `is ${text}; write an IPv4-mapped address as IPv4, and no zone` });
	} else if (specialAddress(canonicalAddress(text, family) ?? text) !== undefined) {
		problems.push({ path, message: `is ${text}, which no endpoint can have` });
	}
}

function triggerTime({ annotations }: ObjectMeta): number | undefined {
	const text = annotations?.[TRIGGER_TIME];
	const time = typeof text === "string" ? Date.parse(text) : Number.NaN;
	return Number.isNaN(time) ? undefined : time;
}
