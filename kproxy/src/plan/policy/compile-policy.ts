import type {
	NamedPort,
	NetworkPolicyObject,
	PolicyPort,
	PolicyProtocol,
	PolicyRule,
} from "../../model/policy/objects.ts";
import { createPredicate, type Predicate } from "./predicate.ts";
import type { Directions } from "./tables.ts";

/** A policy with its peers as predicates. */
export interface CompiledPolicy {
	policy: NetworkPolicyObject;
	rules: readonly CompiledRule[];
	/** Names of ports of other pods that it depends on, as in `http TCP`. */
	names: readonly string[];
}

/** One rule, or the part of one that concerns a named port of other pods. */
export interface CompiledRule {
	direction: keyof Directions;
	/** Place in `spec.ingress` or `spec.egress`. */
	index: number;
	/** Undefined: every peer. */
	predicate: Predicate | undefined;
	/** Names in them are the selected pod's own. */
	ports: readonly PolicyPort[];
}

/** The numbers that pods of the cluster give to a name. */
export type NumbersOf = (name: string, protocol: PolicyProtocol) => Iterable<number>;

/** Compiles a policy. A named port of an egress rule is what each peer calls so: one part of the rule for each number. */
export function compilePolicy(policy: NetworkPolicyObject, numbersOf: NumbersOf): CompiledPolicy {
	const { namespace } = policy;
	const compile = (direction: keyof Directions) => (rule: PolicyRule, index: number) =>
		rulesOf(rule, namespace, direction === "egress" ? numbersOf : undefined).map((part) => ({
			direction,
			index,
			...part,
		}));
	const has = (direction: keyof Directions) => policy.isolates.includes(direction);
	return {
		policy,
		rules: [
			...(has("ingress") ? policy.ingress.flatMap(compile("ingress")) : []),
			...(has("egress") ? policy.egress.flatMap(compile("egress")) : []),
		],
		names: policy.egress.flatMap(({ ports }) => ports.filter(hasName).map(nameOf)),
	};
}

/** How the names that a policy depends on are spelt. */
export function portNameKey(name: string, protocol: PolicyProtocol): string {
	return `${name} ${protocol}`;
}

type NamedPolicyPort = PolicyPort & { ports: { name: string } };
const hasName = (port: PolicyPort): port is NamedPolicyPort =>
	port.ports !== undefined && "name" in port.ports;
const nameOf = ({ ports, protocol }: NamedPolicyPort) => portNameKey(ports.name, protocol);

function rulesOf(
	{ peers, ports }: PolicyRule,
	namespace: string,
	numbersOf: NumbersOf | undefined,
): Omit<CompiledRule, "direction" | "index">[] {
	const predicate = peers.length === 0 ? undefined : createPredicate(namespace, { peers });
	const named = numbersOf ? ports.filter(hasName) : [];
	const plain = numbersOf ? ports.filter((port) => !hasName(port)) : ports;
	const parts = named.flatMap(({ protocol, ports: { name } }) =>
		[...(numbersOf?.(name, protocol) ?? [])].map((port) => {
			const named: NamedPort = { name, protocol, port };
			return {
				predicate: createPredicate(namespace, { peers, port: named }),
				ports: [{ protocol, ports: { first: port, last: port } }],
			};
		}),
	);
	// A rule that has named ports only allows nothing by its plain ones: an empty list would mean everything.
	return ports.length > 0 && plain.length === 0 ? parts : [{ predicate, ports: plain }, ...parts];
}
