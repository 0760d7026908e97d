import type { RowFrontend, ServicePortRow } from "../plan/row.ts";

/**
 * Who claims a frontend. Two Services may: the older one wins, and of two of one age the first by `namespace/name`.
 * kube-proxy has no rule: what it wrote last counts. Claims of different ports of one address do not touch.
 */
export interface Claims {
	/** Replaces what a Service claims and returns the other Services that claim, or claimed against, one of these. */
	replace(change: { service: string; before: readonly string[]; now: readonly string[] }): Set<string>;
	/** The Service that owns a frontend, or undefined where nobody claims it. */
	winner(claim: string): string | undefined;
}

/** How a claim is written, as in `10.96.0.10:53/UDP` or `[fd00::1]:80/TCP`; a NodePort claims `0.0.0.0` or `[::]`. */
export function frontendClaim(row: Pick<ServicePortRow, "protocol">, frontend: RowFrontend): string {
	const host = frontend.address.includes(":") ? `[${frontend.address}]` : frontend.address;
	return `${host}:${frontend.port}/${row.protocol}`;
}

interface Claiming {
	claim: string;
	service: string;
	/** Gets the others who claim it. */
	concerned: Set<string>;
}

/**
 * No claims yet; `createdMs` tells the age of a Service, and one without counts as the youngest. Almost every frontend has
 * one claimant, which is kept as a string; the rare others as a sorted list.
 */
export function createClaims(createdMs: (service: string) => number | undefined): Claims {
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
		const others = (typeof known === "string" ? [known] : known).filter((other) => other !== service);
		for (const other of others) concerned.add(other);
		// Sorted anew each time: a Service that was deleted and made again in one batch is younger now.
		claimants.set(claim, [...others, service].sort(byAge));
	}

	function byAge(a: string, b: string): number {
		const [first, second] = [createdMs(a) ?? Number.MAX_VALUE, createdMs(b) ?? Number.MAX_VALUE];
		return first === second ? (a < b ? -1 : 1) : first - second;
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
