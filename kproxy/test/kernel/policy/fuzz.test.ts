/** Random policies, pods, labels and blocks through the real programs, against the objects themselves. */
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import { fuzzPolicy } from "./fuzz.ts";
import { createPolicyKernel, type PolicyKernel } from "./policy-kernel.ts";

const SEED = Number(process.env.KPROXY_FUZZ_SEED ?? 1);
const SECONDS = Number(process.env.KPROXY_FUZZ_SECONDS ?? 20);
/** On the slowest machine that there is. */
const LEAST_ROUNDS = 3;

let kernel: PolicyKernel;

test.before(() => {
	sweepLabs();
	kernel = createPolicyKernel("policy-fuzz");
});

test.after.always(() => kernel?.close());

test.serial("Every packet gets the verdict that the objects say", (t) => {
	t.timeout((SECONDS + 300) * 1000);
	const { rounds, probes, failure } = fuzzPolicy(kernel, { seed: SEED, seconds: SECONDS });
	t.log(`${rounds} clusters, ${probes} packets, from seed ${SEED}`);
	t.is(failure?.why, undefined, `KPROXY_FUZZ_SEED=${failure?.seed} plays it again`);
	t.true(rounds >= LEAST_ROUNDS);
});
