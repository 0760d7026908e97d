import { inNetworkNamespace, interfaceIndex } from "bpf-loader";
import { createLab } from "../lab/lab.ts";
import { ordinaryTunables, type Tunables, type World } from "../reference/world.ts";
import { Differential } from "./differential.ts";
import { KernelPath } from "./kernel-path.ts";

/** A namespace with a route, and the programs, loaded once for each set of tunables. */
export interface Stage {
	/** Index of the device that every route leaves by. */
	routeDevice: number;
	/** The programs with these tunables. */
	path(tunables: Partial<Tunables>): KernelPath;
	/** The programs and the model, from the start. */
	open(world: World): Differential;
	close(): void;
}

/** `object`: other programs than the package's. */
export function createStage(name: string, object?: string): Stage {
	const lab = createLab(name);
	const namespace = lab.namespace("node");
	for (const family of ["ipv4", "ipv6"]) namespace.sysctl(`net.${family}.conf.all.forwarding`, 1);
	namespace.ip([
		"link add outlet type veth peer name beyond",
		"link set beyond up",
		"link set outlet up",
		"addr add 192.0.2.55/24 dev outlet",
		"addr add 2001:db8:1::55/64 dev outlet nodad",
		"route add default via 192.0.2.254",
		"route add ::/0 via 2001:db8:1::254",
	]);
	const paths = new Map<string, KernelPath>();
	const path = (changed: Partial<Tunables>) => {
		const tunables = { ...ordinaryTunables, ...changed };
		const key = JSON.stringify(tunables);
		const known = paths.get(key) ?? new KernelPath({ tunables, namespace: namespace.path, object });
		paths.set(key, known);
		return known;
	};
	return {
		routeDevice: inNetworkNamespace(namespace.path, () => interfaceIndex("outlet")),
		path,
		open: (world) => new Differential(path(world.tunables), world),
		close() {
			for (const each of paths.values()) each.close();
			lab.close();
		},
	};
}
