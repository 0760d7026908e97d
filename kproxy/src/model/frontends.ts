import type { RowFrontend, TrafficPolicy } from "../plan/row.ts";
import type { Problem } from "../problem.ts";
import { addressFamily, canonicalAddress, specialAddress } from "./address.ts";
import { parseCidr } from "./cidr.ts";
import type { ServiceObject, ServicePort } from "./objects.ts";
import { serviceProblem } from "./service-problem.ts";

type Family = "IPv4" | "IPv6";

/** Numbers that a NodePort may have, both included. */
export interface PortRange {
	first: number;
	last: number;
}

/** What kube-apiserver allocates from by default. */
export const DEFAULT_NODE_PORT_RANGE: PortRange = { first: 30_000, last: 32_767 };

/** Where one Service is dialled in one family; each address in its one spelling. */
export interface ServiceAddresses {
	family: Family;
	clusterIP: string;
	loadBalancerIPs: readonly string[];
	externalIPs: readonly string[];
	sourceRanges: readonly string[];
}

/**
 * The addresses of a Service by family, for each family that it has a clusterIP of; empty for what a proxy does not
 * serve: headless Services and ExternalName. What is wrong goes to `problems`, and the other addresses serve.
 */
export function serviceAddresses(service: ServiceObject, problems: Problem[]): readonly ServiceAddresses[] {
	const clusterIPs = readClusterIPs(service, problems);
	if (clusterIPs.size === 0) return [];
	const loadBalancerIPs = byFamily(service, { field: "load-balancer IP", problems });
	const externalIPs = byFamily(service, { field: "external IP", problems });
	const ranges = readSourceRanges(service, problems);
	return Array.from(clusterIPs, ([family, clusterIP]) => {
		const sourceRanges = ranges.valid[family];
		// A range that cannot be read must not open the load balancer to everybody.
		const closed = ranges.broken && sourceRanges.length === 0;
		return {
			family,
			clusterIP,
			loadBalancerIPs: closed ? [] : loadBalancerIPs[family],
			externalIPs: externalIPs[family],
			sourceRanges,
		};
	});
}

function readClusterIPs(service: ServiceObject, problems: Problem[]): ReadonlyMap<Family, string> {
	const served = new Map<Family, string>();
	if (service.type === "ExternalName") return served;
	for (const text of service.clusterIPs) {
		if (text === "" || text === "None") continue;
		const family = addressFamily(text);
		const address = family && canonicalAddress(text, family);
		if (family === undefined || address === undefined) {
			problems.push(serviceProblem(service, `clusterIP "${text}" is not an address; it is not served`));
		} else if (served.has(family)) {
			problems.push(
				serviceProblem(service, `clusterIP ${text} is its second ${family} one; it is not served`),
			);
		} else {
			served.set(family, address);
		}
	}
	return served;
}

function byFamily(
	service: ServiceObject,
	{ field, problems }: { field: "load-balancer IP" | "external IP"; problems: Problem[] },
): Readonly<Record<Family, readonly string[]>> {
	const found: Record<Family, string[]> = { IPv4: [], IPv6: [] };
	const texts = field === "external IP" ? service.externalIPs : service.loadBalancerIPs;
	for (const text of texts) {
		const family = addressFamily(text);
		const address = family && canonicalAddress(text, family);
		const why = address === undefined ? "not an address" : specialAddress(address);
		if (family === undefined || address === undefined || why !== undefined) {
			problems.push(serviceProblem(service, `${field} "${text}" is ${why}; it is not served`));
		} else if (!found[family].includes(address)) {
			found[family].push(address);
		}
	}
	return found;
}

function readSourceRanges(
	service: ServiceObject,
	problems: Problem[],
): { valid: Readonly<Record<Family, readonly string[]>>; broken: boolean } {
	const valid: Record<Family, string[]> = { IPv4: [], IPv6: [] };
	let broken = false;
	for (const text of service.loadBalancerSourceRanges) {
		const cidr = parseCidr(text);
		if (cidr === undefined) {
			broken = true;
			problems.push(serviceProblem(service, `source range "${text}" is no CIDR; nobody is let in by it`));
		} else if (!valid[cidr.family].includes(cidr.text)) {
			valid[cidr.family].push(cidr.text);
		}
	}
	return { valid, broken };
}

/**
 * Where one port of a Service is dialled in one family, each address and port once. Clients in the cluster who dial an
 * address from outside get all endpoints, as from kube-proxy.
 */
export function portFrontends(
	service: ServiceObject,
	options: { port: ServicePort; addresses: ServiceAddresses; nodePortRange: PortRange; problems: Problem[] },
): readonly RowFrontend[] {
	const { port, addresses, nodePortRange, problems } = options;
	const internal: TrafficPolicy = service.internalTrafficPolicy;
	const external: TrafficPolicy = isExternal(service) ? service.externalTrafficPolicy : "Cluster";
	const { clusterIP, family } = addresses;
	const frontends: RowFrontend[] = [
		{ kind: "ClusterIP", address: clusterIP, port: port.port, internal, external: internal },
	];
	const add = (frontend: Pick<RowFrontend, "kind" | "address" | "port">): void => {
		const twin = frontends.some(
			(other) => other.address === frontend.address && other.port === frontend.port,
		);
		if (!twin) frontends.push({ ...frontend, internal: "Cluster", external });
	};
	// An address that is both is a load balancer's: its source ranges must hold.
	for (const address of addresses.loadBalancerIPs) add({ kind: "LoadBalancer", address, port: port.port });
	for (const address of addresses.externalIPs) add({ kind: "ExternalIP", address, port: port.port });
	if (port.nodePort === 0) return frontends;
	const { first, last } = nodePortRange;
	if (port.nodePort >= first && port.nodePort <= last) {
		add({ kind: "NodePort", address: family === "IPv4" ? "0.0.0.0" : "::", port: port.nodePort });
	} else {
		const why = `nodePort ${port.nodePort} is outside of ${first}-${last}; it is not served: widen --node-port-range`;
		problems.push(serviceProblem(service, why));
	}
	return frontends;
}

/** Whether `externalTrafficPolicy` has a meaning for a Service. */
function isExternal({ type, externalIPs }: ServiceObject): boolean {
	return type === "LoadBalancer" || type === "NodePort" || externalIPs.length > 0;
}
