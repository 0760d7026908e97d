import { type BpfObject, inNetworkNamespace, loadObject, openSpec, type Program } from "bpf-loader";
import { type MapTable, openArray, openHash, openLpmTrie, openLruHash, openPerCpuArray } from "bpf-maps";
import { sealFrontend } from "../../src/dataplane/frontend-check.ts";
import {
	Algorithm,
	BackendFlag,
	BackendState,
	Direction,
	type Flow as FlowEntry,
	FlowFlag,
	FrontendFlag,
	Hook as HookNumber,
	type Names,
	NodeAddressFlag,
	PodFlag,
	PodInterface,
	PolicyFlag,
	type Prefix,
	type Protocol,
	Reason,
	reasonDocs,
	maps as shapes,
} from "../../src/dataplane/generated/tc.ts";
import { policyKey } from "../../src/dataplane/policy-entries.ts";
import { openPolicyMaps, type PolicyMaps } from "../../src/dataplane/policy-maps.ts";
import { hasCoarseClock } from "../../src/dataplane/probe-tunables.ts";
import { packetObjectPath } from "../../src/dataplane/service-maps.ts";
import { ANY_CLASS } from "../../src/plan/policy/tables.ts";
import { addressText, canonical, isIpv4 } from "../packets/addresses.ts";
import { type Flow, flowKey } from "../reference/memory.ts";
import type { Allow, Frontend, Hook, Outcome, PodPolicy, Tunables, World } from "../reference/world.ts";

const SECOND_NS = 1_000_000_000n;
const REDIRECT = 7;
const DROP = 2;
const NEXT = 0xffffffff;
/** A test run's packet comes by lo. */
const IFINDEX = 1;
/** As `policy_flow` has it. */
const EGRESS = 0;
/** Beyond every slot. */
const SLOTS = 4096;
/** Large enough that no entry gives way to another within a case. */
const FLOWS = 16384;

const programOf = {
	"node ingress": "tc_node_ingress",
	"pod ingress": "tc_pod_ingress",
	"node egress": "tc_node_egress",
	"pod egress": "tc_pod_egress",
} as const;

type Tables = ReturnType<typeof openTables>;

/** The programs of tc.bpf.o with maps of their own, run on one packet at a time. */
export class KernelPath {
	readonly #object: BpfObject<Names>;
	readonly #namespace: string;
	readonly #counted = new Map<number, bigint>();
	/** Ranges by what is in them: as userspace does, no range gets other contents while a frontend has it. */
	readonly #ranges = new Map<string, number>();
	#nextSlot = 0;
	readonly maps: Tables;
	readonly policy: PolicyMaps;

	/** `namespace`: whose routes the programs see. `object`: another one than the package's. */
	constructor(setup: { tunables: Tunables; namespace: string; object?: string | undefined }) {
		const { tunables, namespace, object = packetObjectPath } = setup;
		this.#namespace = namespace;
		this.#object = loadObject<Names>(openSpec(object), {
			variables: {
				node_port_first: tunables.nodePortFirst,
				node_port_last: tunables.nodePortLast,
				snat_port_first: tunables.snatPortFirst,
				snat_port_last: tunables.snatPortLast,
				udp_timeout_s: tunables.udpTimeoutS,
				masquerade_all: tunables.masqueradeAll,
				// As the daemon does: the exact clock where the kernel has no other.
				coarse_clock: tunables.coarseClock && hasCoarseClock(),
			},
			maps: {
				svc_frontends: { maxEntries: 1024 },
				svc_slots: { maxEntries: SLOTS },
				svc_backends: { maxEntries: 1024 },
				svc_affinity: { maxEntries: FLOWS },
				conntrack: { maxEntries: FLOWS },
				conntrack_reply: { maxEntries: FLOWS },
				policy_flows: { maxEntries: FLOWS },
			},
		});
		this.maps = openTables(this.#object);
		this.policy = openPolicyMaps(this.#object.maps);
	}

	/** Writes a world down; `forget` what was remembered, too. */
	write(world: World, { forget }: { forget: boolean }): void {
		const { maps } = this;
		if (forget)
			for (const map of [maps.targets, maps.replies, maps.affinity, maps.fragments, maps.judged]) map.clear();
		for (const map of [maps.frontends, maps.ranges, maps.nodeAddresses, maps.devices]) map.clear();
		maps.backends.setAll(
			[...world.backends].map(([number, backend]) => [
				number,
				{
					...backend,
					protocol: backend.protocol as Protocol,
					state: BackendState[backend.state],
					flags: backend.local ? BackendFlag.LOCAL : BackendFlag.ELSEWHERE,
				},
			]),
		);
		this.#writeFrontends(world.frontends);
		this.#writePolicy(world);
		maps.nodeAddresses.setAll(
			world.nodeAddresses.map(({ address, loopback }) => [
				address,
				loopback ? NodeAddressFlag.LOOPBACK : NodeAddressFlag.PLAIN,
			]),
		);
		maps.devices.setAll(
			[...world.devices].map(([index, { ipv4, ipv6 }]) => [
				index,
				{ ipv4: ipv4 || "::", ipv6: ipv6 || "::" },
			]),
		);
		maps.cluster.set(0, {
			serviceCidrs: world.serviceCidrs.length,
			podCidrs: world.podCidrs.length,
			serviceCidr: prefixes(world.serviceCidrs),
			podCidr: prefixes(world.podCidrs),
		});
	}

	#writeFrontends(frontends: readonly Frontend[]): void {
		const { maps } = this;
		if (this.#nextSlot > SLOTS / 2) {
			this.#ranges.clear();
			this.#nextSlot = 0;
		}
		const place = (range: Frontend["internal"]) => {
			if (range === "beyond") return { first: SLOTS, count: 1 };
			const first = this.#ranges.get(range.join()) ?? this.#nextSlot;
			if (first === this.#nextSlot) {
				this.#nextSlot += range.length;
				this.#ranges.set(range.join(), first);
				maps.slots.setAll(range.map((number, index) => [first + index, number]));
			}
			return { first, count: range.length };
		};
		for (const frontend of frontends) {
			const key = { address: frontend.address, port: frontend.port, protocol: frontend.protocol as Protocol };
			const value = {
				internal: place(frontend.internal),
				external: place(frontend.external),
				service: frontend.service,
				affinityTimeoutS: frontend.affinityTimeoutS,
				algorithm: Algorithm.RANDOM,
				flags: ((frontend.sourceRanges ? FrontendFlag.SOURCE_RANGES : 0) |
					(frontend.localExternal ? FrontendFlag.LOCAL_EXTERNAL : 0)) as FrontendFlag,
			};
			const sealed = sealFrontend(key, value);
			maps.frontends.set(key, frontend.torn ? { ...sealed, check: sealed.check ^ 1 } : sealed);
			for (const cidr of frontend.sourceRanges ?? []) {
				const [address = "", length = ""] = cidr.split("/");
				maps.ranges.set(
					{
						prefixLength: 32 + (isIpv4(address) ? 96 : 0) + Number(length),
						service: frontend.service,
						address,
					},
					1,
				);
			}
		}
	}

	/** A rule set for each pod, and a class for each peer that has a rule. */
	#writePolicy({ policy, nodeAddresses }: World): void {
		const { state, pods, interfaces, rules, peerAddresses, ownAddresses } = this.policy;
		for (const map of [pods, rules, peerAddresses, ownAddresses]) map.clear();
		const { rechecks = false, adopts = false, epoch = 0 } = policy ?? {};
		const flags = policy ? PolicyFlag.ENFORCED | (rechecks ? PolicyFlag.RECHECKED : 0) : PolicyFlag.OFF;
		const adoptUntilNs = adopts ? 2n ** 63n : 0n;
		state.set(0, { epoch, generation: 1, adoptUntilNs, flags: flags as PolicyFlag });
		if (!policy) return;
		interfaces.set(IFINDEX, PodInterface.KNOWN);
		ownAddresses.setAll(nodeAddresses.filter(({ loopback }) => !loopback).map(({ address }) => [address, 1]));
		const classes = new Map<string, number>();
		const classOf = (peer: string | undefined): number => {
			if (peer === undefined) return ANY_CLASS;
			const known = classes.get(peer) ?? classes.size + 1;
			classes.set(peer, known);
			return known;
		};
		let policySet = 0;
		for (const [address, pod] of policy.pods) {
			policySet++;
			pods.set(address, { ifindex: IFINDEX, policySet, generation: 1, flags: flagsOf(pod) });
			for (const direction of ["egress", "ingress"] as const)
				for (const { peer, protocol = 0, port = 0 } of pod[direction] ?? []) {
					const ports = { protocol, port, portBits: port === 0 ? 0 : 16 };
					rules.set(policyKey({ set: policySet, class: classOf(peer), direction, ...ports }), 1);
				}
		}
		peerAddresses.setAll(Array.from(classes, ([address, each]) => [{ generation: 1, address }, each]));
	}

	/** Runs a frame through a hook. */
	run(hook: Hook, frame: Uint8Array): Outcome {
		const program: Program = this.#object.programs[programOf[hook]];
		const { returnValue, data } = inNetworkNamespace(this.#namespace, () => program.testRun({ data: frame }));
		const verdict =
			returnValue === NEXT
				? "next"
				: returnValue === DROP
					? "drop"
					: returnValue === REDIRECT
						? "redirect"
						: undefined;
		if (verdict === undefined) throw new Error(`${program.name} returned ${returnValue}`);
		return { verdict, reason: this.#reasonCounted(hook, verdict === "next"), frame: data };
	}

	#reasonCounted(hook: Hook, passed: boolean): string | undefined {
		const hookNumber = hook.startsWith("pod") ? HookNumber.POD : HookNumber.NODE;
		const direction = hook.endsWith("ingress") ? Direction.INGRESS : Direction.EGRESS;
		let found: string | undefined;
		for (const name of Object.keys(reasonDocs) as (keyof typeof reasonDocs)[]) {
			const number = Reason[name];
			if (passed !== number < Reason.REFUSED) continue;
			if (passed && number !== Reason.TRANSLATED) continue;
			const index = (number * HookNumber.COUNT + hookNumber) * Direction.COUNT + direction;
			const packets = (this.maps.counters.get(index) ?? []).reduce((sum, each) => sum + each.packets, 0n);
			if (packets !== (this.#counted.get(index) ?? 0n)) found = name;
			this.#counted.set(index, packets);
		}
		return found;
	}

	/**
	 * As if so much time had passed: all that was seen was seen so much earlier. On a machine that has not run for so long,
	 * that is before its clock began: the programs subtract modulo 2^64, and so does this.
	 */
	wait(seconds: number): void {
		const ns = BigInt(seconds) * SECOND_NS;
		const earlier = (time: bigint) => BigInt.asUintN(64, time - ns);
		const { targets, replies, affinity, judged } = this.maps;
		for (const [key, value] of [...judged.entries()])
			judged.set(key, { ...value, seenNs: earlier(value.seenNs) });
		for (const [key, value] of [...targets.entries()])
			targets.set(key, { ...value, seenNs: earlier(value.seenNs) });
		for (const [key, value] of [...affinity.entries()])
			affinity.set(key, { ...value, seenNs: earlier(value.seenNs) });
		for (const [key, value] of [...replies.entries()]) {
			const seenNs = value.seenNs === 0n ? 0n : earlier(value.seenNs);
			replies.set(key, { ...value, createdNs: earlier(value.createdNs), seenNs });
		}
	}

	/** Where the kernel's entry leads; undefined: there is none. */
	target(flow: Flow): { backend: number; snatPort: number } | undefined {
		return this.maps.targets.get(flow as FlowEntry);
	}

	/** Every flow that is remembered, in words that `remembered` of the model has too. */
	remembered(): string[] {
		const lines: string[] = [];
		for (const [flow, target] of this.maps.targets.entries()) {
			const ended = (target.flags & (FlowFlag.FIN | FlowFlag.RST)) !== 0;
			lines.push(
				`${keyOf(flow)} → ${canonical(target.backendAddress)} ${target.backendPort} as ${target.snatPort} backend ${target.backend}/${target.reuse}${ended ? " ended" : ""}`,
			);
		}
		for (const [flow, reply] of this.maps.replies.entries()) {
			const snat = reply.snatAddress === "::" ? undefined : canonical(reply.snatAddress);
			const flags = Object.entries(FlowFlag).flatMap(([name, bit]) =>
				bit !== 0 && (reply.flags & bit) === bit ? [name] : [],
			);
			lines.push(
				`${keyOf(flow, snat !== undefined)} ← ${canonical(reply.frontendAddress)} ${reply.frontendPort} of ${canonical(reply.clientAddress)} ${reply.clientPort} as ${snat ?? "itself"} ${flags.sort().join(" ")}`.trimEnd(),
			);
		}
		for (const [flow, { epoch, direction }] of this.maps.judged.entries())
			lines.push(`${keyOf(flow)} judged at ${epoch}, ${direction === EGRESS ? "egress" : "ingress"}`);
		return lines.sort();
	}

	close(): void {
		this.#object.close();
	}

	[Symbol.dispose](): void {
		this.close();
	}
}

function flagsOf({ ingress, egress }: PodPolicy): PodFlag {
	const isForAnybody = (allows: readonly Allow[] | undefined) =>
		allows?.some(({ peer }) => peer === undefined);
	return ((egress ? PodFlag.ISOLATED_EGRESS : 0) |
		(ingress ? PodFlag.ISOLATED_INGRESS : 0) |
		(isForAnybody(egress) ? PodFlag.ANY_EGRESS : 0) |
		(isForAnybody(ingress) ? PodFlag.ANY_INGRESS : 0)) as PodFlag;
}

function keyOf(flow: FlowEntry, anyClient = false): string {
	return flowKey({
		...flow,
		source: canonical(flow.source),
		destination: anyClient ? "*" : canonical(flow.destination),
	});
}

const NO_PREFIX: Prefix = { address: "::", mask: "::" };

function prefixes(cidrs: readonly string[]): Prefix[] {
	const used = cidrs.map((cidr) => {
		const [address = "", length = ""] = cidr.split("/");
		const bits = Number(length) + (isIpv4(address) ? 96 : 0);
		const mask = Uint8Array.from(
			{ length: 16 },
			(_, index) => (0xff << (8 - Math.max(0, Math.min(8, bits - 8 * index)))) & 0xff,
		);
		return { address, mask: addressText(mask) };
	});
	return [...used, ...Array<Prefix>(4 - used.length).fill(NO_PREFIX)];
}

function openTables({ maps }: BpfObject<Names>) {
	return {
		frontends: openHash(maps.svc_frontends, shapes.svc_frontends),
		slots: openArray(maps.svc_slots, shapes.svc_slots),
		backends: openArray(maps.svc_backends, shapes.svc_backends),
		ranges: openLpmTrie(maps.svc_ranges, shapes.svc_ranges),
		nodeAddresses: openHash(maps.node_addresses, shapes.node_addresses),
		devices: openHash(maps.devices, shapes.devices),
		cluster: openArray(maps.cluster, shapes.cluster),
		affinity: openLruHash(maps.svc_affinity, shapes.svc_affinity),
		targets: openLruHash(maps.conntrack, shapes.conntrack),
		replies: openLruHash(maps.conntrack_reply, shapes.conntrack_reply),
		fragments: openLruHash(maps.fragments, shapes.fragments),
		judged: openLruHash(maps.policy_flows, shapes.policy_flows),
		counters: openPerCpuArray(maps.counters, shapes.counters),
	} satisfies Record<string, Pick<MapTable<never, never>, "clear">>;
}
