/** Bugs planted on purpose, one at a time, in a copy of bpf/: scenarios or a short fuzz have to find each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { fuzz } from "../scenarios/fuzz.ts";
import { familiesOf, readScenarios } from "../scenarios/read-scenarios.ts";
import { runScenario } from "../scenarios/run-scenario.ts";
import { createStage, type Stage } from "../scenarios/stage.ts";
import { type PlantedBug, plantBug } from "./plant-bug.ts";

const FUZZ_SECONDS = 5;

const BUGS: readonly PlantedBug[] = [
	{
		title: "the UDP checksum is written where TCP has its own",
		file: "lib/rewrite_packet.h",
		from: "(udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check))",
		to: "offsetof(struct tcphdr, check)",
	},
	{
		title: "the source is translated for local backends instead of remote ones",
		file: "lib/source.h",
		from: "!(choice->flags & BACKEND_LOCAL)",
		to: "(choice->flags & BACKEND_LOCAL)",
	},
	{
		title: "affinity holds to a retired backend",
		file: "lib/backend.h",
		from: "backend->state == BACKEND_FREE ||\n\t    backend->state == BACKEND_RETIRED",
		to: "backend->state == BACKEND_FREE",
	},
	{
		title: "a flow takes the place that another one has",
		file: "lib/conntrack.h",
		from: "if (!bpf_map_update_elem(&conntrack_reply, key, reply, BPF_NOEXIST))",
		to: "if (!bpf_map_update_elem(&conntrack_reply, key, reply, BPF_ANY))",
	},
	{
		title: "a flow that is over keeps its ports",
		file: "tc.bpf.c",
		from: "if (gives_way(packet, reply, now)) {",
		to: "if (false) {",
	},
	{
		title: "internal and external clients are swapped",
		file: "tc.bpf.c",
		from: "range = internal ? frontend->internal : frontend->external",
		to: "range = internal ? frontend->external : frontend->internal",
	},
	{
		title: "a reply keeps the port that is ours",
		file: "tc.bpf.c",
		from: "\tto->destination_port = reply->client_port;\n",
		to: "",
	},
	{
		title: "a source range is looked up by its first 32 address bits less",
		file: "tc.bpf.c",
		from: "8 * (sizeof(key.service) + sizeof(key.address))",
		to: "8 * sizeof(key.address)",
	},
	{
		title: "the last word of a cluster prefix does not count",
		file: "lib/frontend.h",
		from: "(address->s6_addr32[0] & prefix->mask.s6_addr32[0]) == prefix->address.s6_addr32[0]",
		to: "(address->s6_addr32[0] & prefix->mask.s6_addr32[1]) == prefix->address.s6_addr32[0]",
	},
	{
		title: "fragments of two packets are taken for one",
		file: "lib/packet.h",
		from: "struct fragment_key key = {.id = id};",
		to: "struct fragment_key key = {.id = 0 & id};",
	},
	{
		title: "what no Service has is taken for not ours",
		file: "lib/frontend.h",
		from: "? REASON_NO_SUCH_PORT : REASON_NO_SUCH_SERVICE",
		to: "? REASON_NO_SUCH_PORT : REASON_NOT_FRONTEND",
	},
	{
		title: "a reset acknowledges one byte too few",
		file: "lib/reject.h",
		from: "+ tcp.syn + tcp.fin",
		to: "+ tcp.fin",
	},
	{
		title: "the packet inside an error keeps its ports",
		file: "lib/rewrite_packet.h",
		from: "\tbpf_skb_store_bytes(skb, packet->inner_transport, &ports, sizeof(ports), 0);\n",
		to: "",
	},
];

test.serial("nothing is found where no bug is planted", (t) => {
	t.is(findBug(), undefined);
});

for (const bug of BUGS) {
	test.serial(`it is found when ${bug.title}`, (t) => {
		const directory = mkdtempSync(join(tmpdir(), "kproxy-planted-"));
		try {
			const found = findBug(plantBug(bug, directory));
			t.not(found, undefined, `${bug.title}: no scenario and no fuzz of ${FUZZ_SECONDS} s fails`);
			t.log(found?.split("\n")[0]?.slice(0, 160));
		} finally {
			rmSync(directory, { recursive: true });
		}
	});
}

/** Why a scenario or the fuzz fails with this object, or the package's own. */
function findBug(object?: string): string | undefined {
	const stage = createStage("planted-bugs", object);
	try {
		return failingScenario(stage) ?? fuzz(stage, { seed: 1, seconds: FUZZ_SECONDS }).failure?.why;
	} finally {
		stage.close();
	}
}

function failingScenario(stage: Stage): string | undefined {
	for (const { file, scenario } of readScenarios()) {
		for (const family of familiesOf(scenario)) {
			try {
				runScenario(scenario, family, stage);
			} catch (error) {
				return `${file}, ${family}: ${scenario.title} ${String(error)}`;
			}
		}
	}
	return undefined;
}
