import { release } from "node:os";
import { type AttachType, BpfError, openSpec, type ProbedAttachType, probe } from "bpf-loader";
import { maps } from "../../dataplane/generated/sock_lb.ts";
import { objectPath } from "../../dataplane/service-maps.ts";
import type { Check } from "./check.ts";

const GROUP = "kernel";

/** One thing that the kernel can or cannot do. */
interface Feature {
	name: string;
	/** Throws BpfError `PERMISSION` where we may not try. */
	has(): boolean;
	/** First mainline kernel that has it. */
	first: string;
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
		{ name: "program type cgroup_sock_addr", has: () => can.programType("cgroup_sock_addr"), first: "4.17" },
		...attachTypes.map((type) => ({
			name: `hook ${type}`,
			has: () => can.attachType(asProbed(type)),
			first: "5.8",
		})),
		...[...new Set(Object.values(maps).map(({ type }) => type))].map((type) => ({
			name: `map type ${type}`,
			has: () => can.mapType(type),
			first: "4.10",
		})),
		{ name: "links to cgroups", has: () => can.cgroupLinks(), first: "5.7" },
		{
			name: "batch operations",
			has: () => can.batchOperations("hash") && can.batchOperations("array"),
			first: "5.6",
			worse: "writing many Services takes three times as long",
		},
		{
			name: "errno of refused connects",
			has: () =>
				can.helper({
					programType: "cgroup_sock_addr",
					helper: "set_retval",
					attachType: "cgroup_inet4_connect",
				}),
			first: "6.1",
			worse: "a connect to a Service without backends fails with EPERM in place of ECONNREFUSED",
		},
		{ name: "BTF", has: () => can.kernelBtf(), first: "5.2", worse: "nothing now; later programs want it" },
	];
}

/** Our sections are all of hooks that can be probed; a new one that cannot would say so in its row. */
function asProbed(type: AttachType): ProbedAttachType {
	return type as ProbedAttachType;
}

function describeFeature({ name, first, worse }: Feature, has: boolean): Check {
	if (has) {
		return { group: GROUP, name, level: "ok", found: "there" };
	}
	return {
		group: GROUP,
		name,
		level: worse === undefined ? "fail" : "warn",
		found: worse === undefined ? "missing" : `missing: ${worse}`,
		advice: `mainline has it from Linux ${first}`,
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
