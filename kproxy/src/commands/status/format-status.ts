import type { DeviceFacts } from "../../dataplane/devices/read-devices.ts";
import type { DaemonStatus } from "../../serve/daemon-status.ts";
import { formatAge } from "../age.ts";
import type { DaemonView } from "../daemon.ts";
import { formatMaps } from "../maps/format-maps.ts";
import { formatTable } from "../table.ts";
import type { ProgramStatus, Status } from "./read-status.ts";

/** The status for people; `nowMs` dates the ages. */
export function formatStatus(status: Status, nowMs: number): string {
	const facts = [
		["daemon:", describeDaemon(status.daemon, nowMs)],
		...describeSync(status.daemon.status, nowMs),
		["dataplane:", status.missing ?? describeDataplane(status.programs)],
		...(status.missing === undefined ? [["devices:", describeDevices(status.devices)]] : []),
	];
	const width = Math.max(...facts.map(([name = ""]) => name.length)) + 2;
	const parts = [facts.map(([name = "", fact = ""]) => `${name.padEnd(width)}${fact}\n`).join("")];
	if (status.missing === undefined) {
		parts.push(formatPrograms(status.programs, nowMs), formatMaps(status.maps), formatOutcomes(status));
	}
	parts.push(formatProblems(status.daemon.status));
	return parts.filter((part) => part !== "").join("\n");
}

function describeDaemon({ running, pid, status }: DaemonView, nowMs: number): string {
	if (!running) {
		return "not running";
	}
	const who = pid === undefined ? "running" : `running, process ${pid}`;
	return status === undefined
		? `${who}, does not answer`
		: `${who}, kproxy ${status.version}, for ${formatAge(nowMs - status.startedMs)}`;
}

function describeSync(daemon: DaemonStatus | undefined, nowMs: number): string[][] {
	if (daemon === undefined) {
		return [];
	}
	const { services, slices } = daemon.counts;
	const known = `${services} Services, ${slices} EndpointSlices`;
	const since = daemon.syncedMs === undefined ? "" : `, last write ${formatAge(nowMs - daemon.syncedMs)} ago`;
	const state = daemon.inSync
		? "in sync"
		: daemon.pending > 0
			? `${daemon.pending} entries wait`
			: "not in sync yet";
	return [
		["sync:", `${state}, ${known}${since}`],
		["policy:", describePolicy(daemon.policy)],
		...daemon.sources.map((source) => [
			"source:",
			`${source.name}, ${source.synced ? "synced" : "not synced"}${
				source.lastContactMs === undefined ? "" : `, heard ${formatAge(nowMs - source.lastContactMs)} ago`
			}`,
		]),
	];
}

function describePolicy(policy: DaemonStatus["policy"]): string {
	if (policy === undefined) return "off";
	const { policies, localPods, untied, rules } = policy;
	const unknown = untied === 0 ? "" : ` (${untied} addresses without an interface)`;
	return `enforced, ${policies} NetworkPolicies, ${localPods} pods here${unknown}, ${rules} rules`;
}

function describeDataplane(programs: readonly ProgramStatus[]): string {
	const attached = programs.filter((program) => program.attached).length;
	return attached === programs.length
		? `all ${attached} programs attached`
		: `${attached} of ${programs.length} programs attached: start kproxy run to attach the others`;
}

/** Pods' interfaces are counted: there may be hundreds. */
function describeDevices(devices: readonly DeviceFacts[]): string {
	const ofClass = (wanted: DeviceFacts["class"]) => devices.filter((device) => device.class === wanted);
	const names = ofClass("node").map(({ name, ifindex }) => name ?? `number ${ifindex}`);
	const half = devices.filter(({ sides }) => sides.length < 2).length;
	return [
		names.length === 0 ? "no node device" : `node: ${names.join(", ")}`,
		`${ofClass("pod").length} pod interfaces`,
		...(half === 0 ? [] : [`${half} with a program on one side only`]),
	].join("; ");
}

function formatPrograms(programs: readonly ProgramStatus[], nowMs: number): string {
	return formatTable(
		["PROGRAM", "HOOK", "CGROUP", "SINCE", "LOADED"],
		programs.map(({ program, attached, attachType, cgroup, sinceMs, loadedMs }) => [
			program,
			attachType ?? "",
			attached ? (cgroup ?? "not visible from here") : "not attached",
			sinceMs === undefined ? "" : formatAge(nowMs - sinceMs),
			loadedMs === undefined ? "" : formatAge(nowMs - loadedMs),
		]),
	);
}

function formatOutcomes({ outcomes }: Status): string {
	if (outcomes.length === 0) {
		return "";
	}
	return formatTable(
		["OUTCOME", "HOOK", "COUNT", "MEANING"],
		outcomes.map((outcome) => [outcome.reason, hookText(outcome), String(outcome.packets), outcome.sentence]),
	);
}

function formatProblems(daemon: DaemonStatus | undefined): string {
	const lines = [
		...(daemon?.problems.map(({ message }) => message) ?? []),
		...(daemon?.sources.flatMap(({ problems }) => problems) ?? []),
	];
	return lines.length === 0
		? ""
		: formatTable(
				["PROBLEMS"],
				lines.map((line) => [line]),
			);
}

/** Packets are counted by their direction, too; a socket hook has one. */
function hookText({ hook, direction }: Status["outcomes"][number]): string {
	return hook === "NODE" || hook === "POD" ? `${hook} ${direction}` : hook;
}
