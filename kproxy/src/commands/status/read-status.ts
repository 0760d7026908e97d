import { BpfError } from "bpf-loader";
import { pinLayout } from "../../dataplane/bpffs.ts";
import { findCgroupPath } from "../../dataplane/cgroup-path.ts";
import { type Outcome, readOutcomes } from "../../dataplane/counters.ts";
import { type DeviceFacts, readDevices } from "../../dataplane/devices/read-devices.ts";
import { programs } from "../../dataplane/generated/sock_lb.ts";
import {
	type LinkFacts,
	type MapFacts,
	openPinnedDataplane,
	readLinks,
	readMaps,
} from "../../dataplane/pinned-dataplane.ts";
import { type DaemonView, viewDaemon } from "../daemon.ts";

/** Everything that `status` shows. */
export interface Status {
	/** All programs are attached, and a daemon has brought everything into the kernel. */
	ready: boolean;
	daemon: DaemonView;
	/** Why there is no dataplane; undefined where there is one. */
	missing: string | undefined;
	programs: ProgramStatus[];
	/** Devices of this network namespace with programs of ours. */
	devices: DeviceFacts[];
	maps: MapFacts[];
	outcomes: Outcome[];
}

/** One of our programs, attached or not. */
export interface ProgramStatus extends Partial<LinkFacts> {
	program: string;
	attached: boolean;
	/** Directory of the cgroup; undefined where it cannot be found from here. */
	cgroup: string | undefined;
}

/** Reads the pins, and asks the daemon where one runs. Throws only what is wrong with pins that are there. */
export async function readStatus(bpffs: string): Promise<Status> {
	const daemon = await viewDaemon(bpffs);
	const layout = pinLayout(bpffs);
	try {
		using dataplane = openPinnedDataplane(bpffs);
		const attached = describePrograms(readLinks(layout));
		return {
			ready: daemon.status?.inSync === true && attached.every((program) => program.attached),
			daemon,
			missing: undefined,
			programs: attached,
			devices: readDevices(layout.links),
			maps: readMaps(layout),
			outcomes: readOutcomes(dataplane.maps.counters),
		};
	} catch (error) {
		if (error instanceof BpfError && error.code === "NO_DATAPLANE") {
			return {
				ready: false,
				daemon,
				missing: error.message,
				programs: [],
				devices: [],
				maps: [],
				outcomes: [],
			};
		}
		throw error;
	}
}

function describePrograms(links: readonly LinkFacts[]): ProgramStatus[] {
	const paths = new Map<bigint, string | undefined>();
	return Object.keys(programs).map((program) => {
		const link = links.find((each) => each.program === program);
		const cgroupId = link?.cgroupId;
		if (cgroupId === undefined) {
			return { program, attached: false, cgroup: undefined };
		}
		// All of them are on one cgroup, as a rule, and looking for it walks the tree.
		if (!paths.has(cgroupId)) {
			paths.set(cgroupId, findCgroupPath(cgroupId));
		}
		return { ...link, program, attached: true, cgroup: paths.get(cgroupId) };
	});
}
