/** Bugs to plant in the programs. */
import type { PlantedBug } from "../plant-bug.ts";

const FILE = "lib/policy.h";

/** Of bpf/. */
export const PROGRAM_BUGS: readonly PlantedBug[] = [
	{
		title: "the port that counts is the pod's own",
		file: FILE,
		from: ".port = direction == DIRECTION_EGRESS ?",
		to: ".port = direction == DIRECTION_INGRESS ?",
	},
	{
		title: "ingress and egress isolation are swapped",
		file: FILE,
		from: "(sends ? POD_ISOLATED_EGRESS : POD_ISOLATED_INGRESS)",
		to: "(sends ? POD_ISOLATED_INGRESS : POD_ISOLATED_EGRESS)",
	},
	{
		title: "blocks do not count",
		file: FILE,
		from: "found = bpf_map_lookup_elem(&peer_classes, &key);",
		to: "found = NULL;",
	},
	{
		title: "a pod is the block that it lies in",
		file: FILE,
		from: "found = bpf_map_lookup_elem(&peer_addresses, &key.generation);\n\tif (!found)\n\t\t",
		to: "",
	},
	{
		title: "the last bits of a peer's address do not count",
		file: FILE,
		from: ".prefix_length = 160",
		to: ".prefix_length = 128",
	},
	{
		title: "every generation's peers are the first one's",
		file: FILE,
		from: "class_of(&flow->destination, pod->generation)",
		to: "class_of(&flow->destination, 1)",
	},
	{
		title: "rules for everybody are not for those who have rules of their own",
		file: FILE,
		from: "if (!rule && pod->flags & (sends",
		to: "if (!peer_class && pod->flags & (sends",
	},
	{
		title: "the protocol does not count",
		file: FILE,
		from: ".protocol = flow->protocol,\n\t\t/* Where",
		to: ".protocol = PROTOCOL_TCP,\n\t\t/* Where",
	},
	{
		title: "one direction's rules are the other's",
		file: FILE,
		from: ".direction = direction,\n\t\t.protocol",
		to: ".direction = !direction,\n\t\t.protocol",
	},
	{
		title: "a pod always reaches its own node",
		file: FILE,
		from: "return direction == DIRECTION_INGRESS && bpf_map_lookup_elem(&own_addresses",
		to: "return bpf_map_lookup_elem(&own_addresses",
	},
	{
		title: "its own node does not reach a pod",
		file: FILE,
		from: "bpf_map_lookup_elem(&own_addresses, peer)",
		to: "!peer",
	},
	{
		title: "a pod does not reach itself",
		file: FILE,
		from: "if (same_address(&about->flow.source, &about->flow.destination))\n\t\treturn 0;",
		to: "",
	},
	{
		title: "ports are read in the wrong byte order",
		file: FILE,
		from: ".port = direction == DIRECTION_EGRESS ? flow->destination_port : flow->source_port,",
		to: ".port = __builtin_bswap16(direction == DIRECTION_EGRESS ? flow->destination_port : flow->source_port),",
	},
	{
		title: "flows are not judged again when policy has changed",
		file: FILE,
		from: "known->epoch == state->epoch",
		to: "known->epoch <= state->epoch",
	},
	{
		title: "flows are judged again whatever the operator says",
		file: FILE,
		from: "return !(state->flags & POLICY_RECHECKED) || known->epoch == state->epoch;",
		to: "return known->epoch == state->epoch;",
	},
	{
		title: "a flow is judged again by the direction of any of its packets",
		file: FILE,
		from: "\t\tdirection = known->direction;\n",
		to: "\t\t;\n",
	},
	{
		title: "a new connection goes by the one that had its ports before",
		file: FILE,
		from: "if (known && !about->opens && is_settled(",
		to: "if (known && is_settled(",
	},
	{
		title: "what is refused is remembered as let pass",
		file: FILE,
		from: "\tif (rule < 0)\n",
		to: "\tremember_flow(about, rule, direction, state->epoch, now);\n\tif (rule < 0)\n",
	},
	{
		title: "flows are remembered as the interface sees them",
		file: FILE,
		from: "\t\tturn_round(&about->flow, flow);\n",
		to: "\t\tabout->flow = *flow;\n",
	},
	{
		title: "IPv4 has neighbour talk, too",
		file: FILE,
		from: "about->neighbour = packet->ipv6 && is_neighbour_talk(icmp.type);",
		to: "about->neighbour = is_neighbour_talk(icmp.type);",
	},
	{
		title: "neighbours do not talk",
		file: FILE,
		from: "if (!interface || about->neighbour)",
		to: "if (!interface)",
	},
	{
		title: "an echo is any other",
		file: FILE,
		from: "\tabout->flow.source_port = (__be16)icmp.rest;\n",
		to: "",
	},
	{
		title: "connections are from before policy for ever",
		file: FILE,
		from: "return now < state->adopt_until_ns && !known",
		to: "return !known",
	},
	{
		title: "a pod may send from any address",
		file: FILE,
		from: "return direction == DIRECTION_EGRESS ? REASON_SPOOFED_SOURCE : 0;",
		to: "return 0;",
	},
];
