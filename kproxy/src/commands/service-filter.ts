import { addressFamily, canonicalAddress } from "../model/address.ts";
import { type OptionValues, usageError } from "./command.ts";
import type { filterOptions } from "./options.ts";

/** A Service that a row belongs to. */
interface Owner {
	namespace: string;
	name: string;
}

/** What `frontends` and `backends` compare with their filters. `protocol` as in `TCP`. */
interface Endpoint {
	address: string;
	port: number;
	protocol: string;
}

/** Decides which rows are printed. */
export interface ServiceFilter {
	owner(owner: Owner): boolean;
	endpoint(endpoint: Endpoint): boolean;
	/** Something was asked of the Service: rows without one are left out. */
	readonly asksOwner: boolean;
}

/** The filter that the flags ask for. Throws BpfError `USAGE` for what can match nothing. */
export function serviceFilter(values: Partial<OptionValues<typeof filterOptions>>): ServiceFilter {
	const [first, second] = values.service?.split("/") ?? [];
	const name = second ?? first;
	const namespace = second === undefined ? values.namespace : first;
	if (values.namespace !== undefined && namespace !== values.namespace) {
		throw usageError(
			`--service ${values.service} is not in --namespace ${values.namespace}`,
			"leave one of them out",
		);
	}
	const address = values.address === undefined ? undefined : checkedAddress("address", values.address);
	const port = values.port === undefined ? undefined : checkedPort(values.port);
	const protocol = values.protocol?.toUpperCase();
	return {
		owner: (owner) =>
			(namespace === undefined || owner.namespace === namespace) &&
			(name === undefined || owner.name === name),
		endpoint: (endpoint) =>
			(address === undefined || endpoint.address === address) &&
			(port === undefined || endpoint.port === port) &&
			(protocol === undefined || endpoint.protocol === protocol),
		asksOwner: namespace !== undefined || name !== undefined,
	};
}

/** Passes the address that the flag of that name asks for, and everything where it is not given. Throws as `serviceFilter`. */
export function addressFilter(
	option: string,
	asked: string | undefined,
): (address: string | undefined) => boolean {
	if (asked === undefined) return () => true;
	const wanted = checkedAddress(option, asked);
	return (address) => address === wanted;
}

/** Addresses are compared as text, so this one is spelt as the tables spell theirs. */
function checkedAddress(option: string, text: string): string {
	const family = addressFamily(text);
	const address = family && canonicalAddress(text, family);
	if (address === undefined) {
		throw usageError(`--${option} takes an IP address, not ${JSON.stringify(text)}`);
	}
	return address;
}

function checkedPort(port: number): number {
	if (port < 1 || port > 65535) {
		throw usageError(`--port takes a number from 1 to 65535, not ${port}`);
	}
	return port;
}
