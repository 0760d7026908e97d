import type { RowFrontend, ServicePortRow } from "../plan/row.ts";

/** Who claims a frontend. Two Services may: the one that comes first by `namespace/name` wins. */
export interface Claims {
	/** Replaces what a Service claims and returns the other Services that claim, or claimed against, one of these. */
	replace(change: { service: string; before: readonly string[]; now: readonly string[] }): Set<string>;
	/** The Service that owns a frontend, or undefined where nobody claims it. */
	winner(claim: string): string | undefined;
}

/** How a claim is written, as in `10.96.0.10:53/UDP` or `[fd00::1]:80/TCP`. */
export function frontendClaim(row: Pick<ServicePortRow, "protocol">, frontend: RowFrontend): string {
	const host = frontend.address.includes(":") ? `[${frontend.address}]` : frontend.address;
	const scope = frontend.scope === "external" ? "/external" : "";
	return `${host}:${frontend.port}/${row.protocol}${scope}`;
}

interface Claiming {
	claim: string;
	service: string;
	/** Gets the others who claim it. */
	concerned: Set<string>;
}

/** No claims yet. Almost every frontend has one claimant, which is kept as a string; the rare others as a sorted list. */
export function createClaims(): Claims {
	const claimants = new Map<string, string | string[]>();

	function remove({ claim, service, concerned }: Claiming): void {
		const known = claimants.get(claim);
		if (known === service) claimants.delete(claim);
		if (!Array.isArray(known)) return;
		const others = known.filter((other) => other !== service);
		for (const other of others) concerned.add(other);
		const [only] = others;
		if (others.length === 1 && only !== undefined) claimants.set(claim, only);
		else claimants.set(claim, others);
	}

	function add({ claim, service, concerned }: Claiming): void {
		const known = claimants.get(claim);
		if (known === undefined || known === service) {
			claimants.set(claim, service);
			return;
		}
		const others = typeof known === "string" ? [known] : known;
		for (const other of others) if (other !== service) concerned.add(other);
		if (!others.includes(service)) claimants.set(claim, [...others, service].sort());
	}

	return {
		replace({ service, before, now }) {
			const concerned = new Set<string>();
			const kept = new Set(now);
			for (const claim of before) if (!kept.has(claim)) remove({ claim, service, concerned });
			for (const claim of kept) add({ claim, service, concerned });
			concerned.delete(service);
			return concerned;
		},
		winner(claim) {
			const known = claimants.get(claim);
			return Array.isArray(known) ? known[0] : known;
		},
	};
}
