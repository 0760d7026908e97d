/**
 * Programs and model on random Services and packets. FUZZ_SECONDS and FUZZ_SEED choose how long and from where; what
 * fails is printed as a scenario for bpf/scenarios.
 */
import { env } from "node:process";
import test from "ava";
import { fuzz } from "../scenarios/fuzz.ts";
import { createStage } from "../scenarios/stage.ts";

/** A guest without KVM takes ten times as long for each of its seconds. */
const seconds = Number(env.FUZZ_SECONDS ?? (env.KPROXY_TEST_GUEST ? 8 : 25));
const seed = Number(env.FUZZ_SEED ?? 1);

test("on random Services and packets the programs do what the model does", (t) => {
	t.timeout((seconds + 120) * 1000);
	const stage = createStage("packet-fuzz");
	try {
		const { failure, cases, frontends, packets, seconds: took } = fuzz(stage, { seed, seconds });
		const aMinute = (count: number) => Math.round((count * 60) / took).toLocaleString("en");
		t.log(
			`${aMinute(cases)} scenarios, ${aMinute(frontends)} frontends and ${aMinute(packets)} packets a minute`,
		);
		t.is(failure, undefined, failure && `${failure.why}\n${failure.scenario}`);
	} finally {
		stage.close();
	}
});
