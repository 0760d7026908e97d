/**
 * Opens a dataplane and follows the devices of the namespace that it is started in, until its stdin ends. Prints a line of
 * JSON after each change. Arguments: bpffs, cgroup, mode or nothing for the kernel's, and settings as JSON.
 */
import { type DeviceMode, followDevices } from "../../src/dataplane/devices/follow-devices.ts";
import { openNodeMaps } from "../../src/dataplane/devices/node-maps.ts";
import { openDataplane } from "../../src/dataplane/open-dataplane.ts";
import type { Problem } from "../../src/problem.ts";
import { type FollowEvent, hasPrograms } from "./devices-stage.ts";

const [bpffs = "", cgroup = "", mode = "", settings = "{}"] = process.argv.slice(2);
const sizes = { svc_frontends: 64, svc_slots: 256, svc_backends: 64, svc_names: 64, conntrack: 1024 };

const dataplane = openDataplane({ bpffs, cgroup, sizes });
let problems: Problem[] = [];
let unserved: string[] = [];
const startedMs = performance.now();
const follower = followDevices({
	programs: dataplane.packetPrograms,
	maps: openNodeMaps(dataplane.handles),
	links: dataplane.layout.links,
	...(mode !== "" && { mode: mode as DeviceMode }),
	settings: { devices: [], nodeIPs: [], ...JSON.parse(settings) },
	onProblems(found) {
		problems = found;
	},
	onDevices: (_network, devices) => {
		unserved = devices.filter(({ ifindex }) => !hasPrograms(ifindex)).map(({ name }) => name);
	},
	onAttached: ({ outcomes }) => say(outcomes),
});

/** At the first time the follower is not there yet: it is said once more when it is. */
function say(outcomes: FollowEvent["outcomes"]): void {
	const atMs = Number(process.hrtime.bigint()) / 1e6;
	queueMicrotask(() => {
		const tookMs = performance.now() - startedMs;
		const devices = follower.snapshot();
		const event: FollowEvent = { atMs, tookMs, outcomes, problems, devices, unserved };
		process.stdout.write(`${JSON.stringify(event)}\n`);
	});
}

process.stdin.resume().once("end", () => {
	follower.close();
	dataplane.close();
});
