import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inNetworkNamespace, listTcxPrograms, openTcFilter, probe } from "bpf-loader";
import { type PinLayout, pinLayout } from "../../src/dataplane/bpffs.ts";
import type { AttachedDevices } from "../../src/dataplane/devices/attach-devices.ts";
import { FILTER } from "../../src/dataplane/devices/clsact-hooks.ts";
import type {
	DeviceMode,
	DeviceSettings,
	FollowedDevice,
} from "../../src/dataplane/devices/follow-devices.ts";
import type { Problem } from "../../src/problem.ts";
import { createLab, type Lab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespaces.ts";
import { createNode, type LabNode } from "../lab/node.ts";

/** What a follower has done after one change. */
export interface FollowEvent {
	/** On the machine's monotonic clock. */
	atMs: number;
	/** Since it began to follow. */
	tookMs: number;
	outcomes: AttachedDevices["outcomes"];
	problems: Problem[];
	devices: FollowedDevice[];
	/** Names of those that had no program yet when `onDevices` told of them. */
	unserved: string[];
}

/** Where it is false the daemon's filters stand in for tcx links. */
export const HAS_TCX = probe().tcx();

/** With 250 devices, whose filters an old kernel puts in place one by one. */
const START_MS = 60_000;

const CHILD = fileURLToPath(new URL("devices-child.ts", import.meta.url));

/** A process that follows the devices of a node. */
export class Follower {
	readonly events: FollowEvent[] = [];
	readonly #child: ChildProcess;
	readonly #waiting = new Set<() => void>();

	constructor(child: ChildProcess) {
		this.#child = child;
		if (!child.stdout) throw new Error("a follower has no stdout");
		createInterface({ input: child.stdout }).on("line", (line) => {
			this.events.push(JSON.parse(line));
			for (const look of this.#waiting) look();
		});
	}

	/** The first event, already seen or to come, that fits; `of` counts from the events seen before. */
	event(fits: (event: FollowEvent) => boolean, from = 0, timeoutMs = 10_000): Promise<FollowEvent> {
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => finish(() => reject(new Error(this.#missed(from)))), timeoutMs);
			const finish = (settle: () => void) => {
				clearTimeout(timer);
				this.#waiting.delete(look);
				settle();
			};
			const look = () => {
				const found = this.events.slice(from).find(fits);
				if (found !== undefined) finish(() => resolve(found));
			};
			this.#waiting.add(look);
			look();
		});
	}

	#missed(from: number): string {
		return `no event of a follower fits: ${JSON.stringify(this.events.slice(from), undefined, 1)}`;
	}

	/** Lets go, as a daemon that ends. */
	async close(): Promise<void> {
		const exited = once(this.#child, "exit");
		this.#child.stdin?.end();
		await exited;
	}
}

/** A node whose devices can be followed. */
export interface DeviceStage extends Disposable {
	lab: Lab;
	node: LabNode;
	layout: PinLayout;
	follow(options?: { mode?: DeviceMode; settings?: Partial<DeviceSettings> }): Promise<Follower>;
	/** Index of a device of the node. */
	index(device: string): number;
	inside<T>(use: () => T): T;
	/** Programs at ingress and egress: all that tcx has, or on a kernel without it our filter's. */
	programs(device: string, at?: Namespace): { ingress: number[]; egress: number[] };
}

/** Makes a node in a lab of its own. */
export function deviceStage(name: string): DeviceStage {
	const lab = createLab(name);
	const node = createNode(lab);
	const layout = pinLayout(join(lab.bpffs, "kproxy"));
	const inside = <T>(use: () => T): T => inNetworkNamespace(node.namespace.path, use);
	const index = (device: string, at = node.namespace): number => {
		const [found] = JSON.parse(at.run("ip", ["-json", "link", "show", device]));
		return found.ifindex;
	};
	return {
		lab,
		node,
		layout,
		inside,
		index,
		async follow({ mode, settings = {} } = {}) {
			const args = [layout.directory, lab.cgroups.clients, mode ?? "", JSON.stringify(settings)];
			const command = [process.execPath, ...process.execArgv, CHILD, ...args];
			const { namespace } = node;
			const child = lab.spawn({ namespace, cgroup: "others", command, stdio: ["pipe", "pipe", "inherit"] });
			const follower = new Follower(child);
			await follower.event(() => true, 0, START_MS);
			return follower;
		},
		programs: (device, at = node.namespace) => {
			const ifindex = index(device, at);
			return inNetworkNamespace(at.path, () => ({
				ingress: programsAt(ifindex, "ingress"),
				egress: programsAt(ifindex, "egress"),
			}));
		},
		[Symbol.dispose]: () => lab.close(),
	};
}

/** Has a device programs at its ingress? To be asked inside the namespace. */
export function hasPrograms(ifindex: number): boolean {
	return programsAt(ifindex, "ingress").length > 0;
}

function programsAt(ifindex: number, direction: "ingress" | "egress"): number[] {
	if (HAS_TCX) return listTcxPrograms({ ifindex, direction });
	const filter = openTcFilter({ ifindex, direction, ...FILTER });
	return filter ? [filter.info().programId] : [];
}

/** Is a filter of ours at both sides of a device? To be asked inside the namespace. */
export function hasFilters(ifindex: number): boolean[] {
	return (["ingress", "egress"] as const).map(
		(direction) => openTcFilter({ ifindex, direction, ...FILTER }) !== undefined,
	);
}
