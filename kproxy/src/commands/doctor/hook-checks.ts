import { listCgroupPrograms, openProgramById, openSpec } from "bpf-loader";
import { pinLayout } from "../../dataplane/bpffs.ts";
import { findCgroup } from "../../dataplane/cgroup-root.ts";
import { readLinks } from "../../dataplane/pinned-dataplane.ts";
import { objectPath } from "../../dataplane/service-maps.ts";
import type { Check } from "./check.ts";

const GROUP = "neighbours";

/** Programs of others on the hooks of the cgroup that kproxy attaches to. Only lists. */
export function checkHooks({ bpffs, cgroup }: { bpffs: string; cgroup: string | undefined }): Check[] {
	const { path } = findCgroup(cgroup);
	const ours = new Set(readLinks(pinLayout(bpffs)).map(({ programId }) => programId));
	const checks: Check[] = [];
	for (const { attachType } of Object.values(openSpec(objectPath).programs)) {
		const others = attachType ? listCgroupPrograms(path, attachType).filter((id) => !ours.has(id)) : [];
		if (others.length > 0) {
			checks.push({
				group: GROUP,
				name: `hook ${attachType} of ${path}`,
				level: "warn",
				found: `${others.length} other programs: ${others.map(programName).join(", ")}`,
				advice: "fine beside kproxy, unless another Service load balancer (Cilium, Calico) put them there",
			});
		}
	}
	return checks.length > 0
		? checks
		: [{ group: GROUP, name: `our hooks of ${path}`, level: "ok", found: "no programs of others" }];
}

/** Its name needs CAP_SYS_ADMIN; its number has to do otherwise. */
function programName(id: number): string {
	try {
		using program = openProgramById(id);
		return `${program?.name ?? "gone"} (${id})`;
	} catch {
		return String(id);
	}
}
