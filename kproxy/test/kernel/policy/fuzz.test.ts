/**
 * Policy in the kernel on random clusters that change at random, held against the objects themselves. KPROXY_FUZZ_SECONDS
 * and KPROXY_FUZZ_SEED choose how long and from where: a failure names its seed, and with 0 seconds that alone is played.
 */
import { env } from "node:process";
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import { fuzzPolicy } from "./fuzz.ts";
import { createPolicyKernel, type PolicyKernel } from "./policy-kernel.ts";

const SEED = Number(env.KPROXY_FUZZ_SEED ?? 1);
/** A guest without KVM takes ten times as long for each of its seconds. */
const SECONDS = Number(env.KPROXY_FUZZ_SECONDS ?? (env.KPROXY_TEST_GUEST ? 8 : 20));

let kernel: PolicyKernel;

test.before(() => {
	sweepLabs();
	kernel = createPolicyKernel("policy-fuzz");
});

test.after.always(() => kernel?.close());

test.serial("in random clusters packets meet what the objects say, while they change and after", (t) => {
	t.timeout((SECONDS + 300) * 1000);
	const { failure, histories, packets, seconds } = fuzzPolicy(kernel, { seed: SEED, seconds: SECONDS });
	t.log(`${histories} clusters and ${packets} packets in ${seconds.toFixed(1)} s, from seed ${SEED}`);
	if (failure) t.fail(failure);
	else t.pass();
});
