import { release } from "node:os";
import { type AttachType, BpfError, firstKernelOf, openSpec, type ProbedAttachType, probe } from "bpf-loader";
import { maps } from "../../dataplane/generated/sock_lb.ts";
import { canSetErrno } from "../../dataplane/probe-tunables.ts";
import { objectPath } from "../../dataplane/service-maps.ts";
import type { Check } from "./check.ts";

const GROUP = "kernel";

/** One thing that the kernel can or cannot do. */
interface Feature {
	name: string;
	/** Its name in test-vm/support.json, where it is another. */
	tried?: string;
	/** Throws BpfError `PERMISSION` where we may not try. */
	has(): boolean;
	/** What is worse without it; undefined: kproxy does not work without it. */
	worse?: string;
}

/** What our programs and maps need of the kernel, each tried out, and whether the object that needs it is there. */
export function checkKernel(): Check[] {
	const checks: Check[] = [{ group: GROUP, name: "release", level: "ok", found: release() }];
	for (const feature of features()) {
		try {
			checks.push(describeFeature(feature, feature.has()));
		} catch (error) {
			checks.push(describeFailure(feature, error));
			// The next ones would say the same.
			if (error instanceof BpfError && (error.code === "PERMISSION" || error.code === "LIBBPF_MISSING")) {
				break;
			}
		}
	}
	return checks;
}

function features(): Feature[] {
	const can = probe();
	const programs = Object.values(openSpec(objectPath).programs);
	const attachTypes = programs.map(({ attachType }) => attachType).filter((type) => type !== undefined);
	return [
		{ name: "program type cgroup_sock_addr", has: () => can.programType("cgroup_sock_addr") },
		...attachTypes.map((type) => ({
			name: `hook ${type}`,
			tried: `attach type ${type}`,
			has: () => can.attachType(asProbed(type)),
		})),
		...[...new Set(Object.values(maps).map(({ type }) => type))].map((type) => ({
			name: `map type ${type}`,
			has: () => can.mapType(type),
		})),
		{ name: "links to cgroups", tried: "cgroup links", has: () => can.cgroupLinks() },
		{
			name: "batch operations",
			tried: "batch update of hash",
			has: () => can.batchOperations("hash") && can.batchOperations("array"),
			worse: "writing many Services takes three times as long",
		},
		{
			name: "errno of refused connects",
			tried: "errno of refused connects (bpf_set_retval)",
			has: canSetErrno,
			worse: "a connect to a Service without backends fails with EPERM in place of ECONNREFUSED",
		},
		{
			name: "BTF",
			tried: "kernel BTF (CONFIG_DEBUG_INFO_BTF)",
			has: () => can.kernelBtf(),
			worse: "nothing now; later programs want it",
		},
	];
}

/** Our sections are all of hooks that can be probed; a new one that cannot would say so in its row. */
function asProbed(type: AttachType): ProbedAttachType {
	return type as ProbedAttachType;
}

function describeFeature({ name, tried = name, worse }: Feature, has: boolean): Check {
	if (has) {
		return { group: GROUP, name, level: "ok", found: "there" };
	}
	const first = firstKernelOf(tried);
	return {
		group: GROUP,
		name,
		level: worse === undefined ? "fail" : "warn",
		found: worse === undefined ? "missing" : `missing: ${worse}`,
		advice: first === undefined ? "no kernel that was tried has it" : `Linux ${first} has it`,
	};
}

function describeFailure({ name }: Feature, error: unknown): Check {
	const mayNot = error instanceof BpfError && error.code === "PERMISSION";
	return {
		group: GROUP,
		name: mayNot ? "features" : name,
		level: mayNot ? "warn" : "fail",
		found: mayNot ? "not tried: this process may not" : (error as Error).message,
		advice: mayNot ? "run doctor as root" : error instanceof BpfError ? error.hint : undefined,
	};
}
