import { Protocol } from "../../dataplane/generated/tc.ts";
import { parseAddress } from "../../model/address.ts";
import { usageError } from "../command.ts";
import { suggest } from "../suggest.ts";

/** Who dials whom, as asked. */
export interface Question {
	from: Party;
	to: Party;
	port: number;
	protocol: number;
}

/** A pod, or an address that may be anybody's. */
export interface Party {
	/** `namespace/name`; undefined where an address was given that no pod has. */
	pod: string | undefined;
	addresses: readonly string[];
}

const PROTOCOLS: Readonly<Record<string, number>> = {
	TCP: Protocol.TCP,
	UDP: Protocol.UDP,
	SCTP: Protocol.SCTP,
};

/** Reads the three words; `pods` are addresses by the names of all pods that are known. Throws BpfError `USAGE`. */
export function parseQuestion(
	[from = "", to = "", target = ""]: readonly string[],
	pods: ReadonlyMap<string, readonly string[]>,
): Question {
	return { from: parseParty(from, pods), to: parseParty(to, pods), ...parseTarget(target) };
}

function parseParty(text: string, pods: ReadonlyMap<string, readonly string[]>): Party {
	const address = parseAddress(text);
	if (address !== undefined) {
		const owner = [...pods].find(([, addresses]) => addresses.includes(address));
		return { pod: owner?.[0], addresses: [address] };
	}
	if (!/^[^/\s]+\/[^/\s]+$/.test(text)) {
		throw usageError(`--explain takes pods as NAMESPACE/NAME or addresses, not ${JSON.stringify(text)}`);
	}
	return { pod: text, addresses: addressesOf(text, pods) };
}

/** Throws BpfError `USAGE` with the name that was probably meant. */
export function addressesOf(pod: string, pods: ReadonlyMap<string, readonly string[]>): readonly string[] {
	const addresses = pods.get(pod);
	if (addresses) return addresses;
	const near = suggest(pod, [...pods.keys()]);
	throw usageError(
		`no pod ${pod} with an address of its own is known`,
		near === undefined ? "kproxy policy lists the pods of this node" : `did you mean ${near}?`,
	);
}

function parseTarget(text: string): Pick<Question, "port" | "protocol"> {
	const [, digits = "", name = "TCP"] = /^(\d{1,5})(?:\/([A-Za-z]+))?$/.exec(text) ?? [];
	const port = Number(digits);
	const protocol = PROTOCOLS[name.toUpperCase()];
	if (digits === "" || port < 1 || port > 65_535 || protocol === undefined) {
		throw usageError(
			`--explain takes a port and a protocol, not ${JSON.stringify(text)}`,
			"write PORT/TCP, PORT/UDP or PORT/SCTP",
		);
	}
	return { port, protocol };
}
