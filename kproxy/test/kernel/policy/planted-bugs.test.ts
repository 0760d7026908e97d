/**
 * Bugs planted on purpose, one at a time, in a copy of bpf/ or of kproxy/src: a short fuzz has to find each. Most show
 * in the first few clusters.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import { type PlantedBug, plantBug } from "../plant-bug.ts";
import { fuzzPolicy } from "./fuzz.ts";
import { plantCode } from "./plant-code.ts";
import { PLAN_BUGS } from "./planted-plans.ts";
import { PROGRAM_BUGS } from "./planted-programs.ts";
import { createPolicyKernel } from "./policy-kernel.ts";
import type { PolicyCode } from "./writer.ts";

const HISTORIES = 100;

test.before(() => sweepLabs());

test.serial("nothing is found where no bug is planted", (t) => {
	t.is(findBug({ seed: 1 }), undefined);
});

for (const bug of PROGRAM_BUGS)
	test.serial(`it is found when ${bug.title}`, (t) =>
		expectFound(t, bug, (directory) => ({ seed: 1, object: plantBug(bug, directory) })),
	);

for (const bug of PLAN_BUGS)
	test.serial(`it is found when ${bug.title}`, (t) =>
		expectFound(t, bug, async (directory) => ({
			seed: bug.seed ?? 1,
			code: await plantCode(bug, directory),
		})),
	);

interface Planted {
	seed: number;
	/** Path of other programs than the package's. */
	object?: string;
	code?: PolicyCode;
}

async function expectFound(
	t: ExecutionContext,
	{ title }: PlantedBug,
	plant: (directory: string) => Planted | Promise<Planted>,
): Promise<void> {
	const directory = mkdtempSync(join(tmpdir(), "kproxy-planted-"));
	try {
		const found = findBug(await plant(directory));
		t.not(found, undefined, `${title}: ${HISTORIES} clusters do not fail`);
		t.log(found?.split("\n")[0]?.slice(0, 160));
	} finally {
		rmSync(directory, { recursive: true });
	}
}

/** Why the fuzz fails. */
function findBug({ seed, object, code }: Planted): string | undefined {
	const kernel = createPolicyKernel("planted-policy", object);
	try {
		return fuzzPolicy(kernel, { seed, histories: HISTORIES, code, shrink: false }).failure;
	} finally {
		kernel.close();
	}
}
