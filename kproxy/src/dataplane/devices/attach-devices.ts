import { BpfError, type Direction, type Program } from "bpf-loader";
import type { PacketPrograms } from "../load-objects.ts";
import type { ClassifiedDevice } from "./classify.ts";
import { type DeviceHook, wantedHooks } from "./hooks.ts";

/** What became of one side of a device: as it was, given the new program in place, or attached anew. */
export type DeviceOutcome = "kept" | "updated" | "attached";

/** A program with its number in the kernel. */
export interface IdentifiedProgram {
	program: Program;
	id: number;
}

/** Something of ours that is attached. */
export interface HeldHook extends Pick<DeviceHook, "ifindex" | "direction"> {
	/** Undefined where only its place is known, which one program has at a time. */
	program?: string;
	detach(): void;
}

/** A way to attach programs to devices that outlives this process. */
export interface DeviceHooks {
	/** Throws BpfError `DEVICE_MISSING`, and what attaching throws. */
	attach(hook: DeviceHook, program: IdentifiedProgram): DeviceOutcome;
	/** Everything of ours, ingress first: a packet must not be translated while nothing translates its reply back. */
	held(): HeldHook[];
}

/** What went wrong on one device. */
export interface DeviceFailure {
	ifindex: number;
	cause: unknown;
}

/** What became of all devices. */
export interface AttachedDevices {
	/** How many sides had each outcome. */
	outcomes: Readonly<Record<DeviceOutcome | "detached", number>>;
	/** Not those that vanished meanwhile. */
	failures: DeviceFailure[];
}

/**
 * Sees to it that every device has the programs of its class, and that nothing else has any of ours. What is new is
 * attached before what is old goes. One device that fails keeps no other from its programs. Throws nothing of a device.
 */
export function attachDevices(
	devices: readonly ClassifiedDevice[],
	{ hooks, programs }: { hooks: DeviceHooks; programs: PacketPrograms },
): AttachedDevices {
	const outcomes = { kept: 0, updated: 0, attached: 0, detached: 0 };
	const failures: DeviceFailure[] = [];
	const attempt = (ifindex: number, work: () => keyof typeof outcomes) => {
		try {
			outcomes[work()] += 1;
		} catch (cause) {
			if (!isMissing(cause)) failures.push({ ifindex, cause });
		}
	};
	const wanted = wantedHooks(devices);
	const identified = identify(programs);
	for (const hook of wanted) {
		attempt(hook.ifindex, () => hooks.attach(hook, identified[hook.program]));
	}
	const isWanted = wantedTest(wanted, failures);
	for (const held of hooks.held().filter((each) => !isWanted(each))) {
		attempt(held.ifindex, () => {
			held.detach();
			return "detached";
		});
	}
	return { outcomes, failures };
}

/** Asked once for all devices. */
function identify(programs: PacketPrograms): Record<keyof PacketPrograms, IdentifiedProgram> {
	const entries = Object.entries(programs).map(([name, program]) => [
		name,
		{ program, id: program.info().id },
	]);
	return Object.fromEntries(entries);
}

/** A device that does not take its new program keeps the old one: half a change is worse than none. */
function wantedTest(
	wanted: readonly DeviceHook[],
	failures: readonly DeviceFailure[],
): (held: HeldHook) => boolean {
	const failed = new Set(failures.map(({ ifindex }) => ifindex));
	const key = (ifindex: number, direction: Direction, program: string) =>
		`${ifindex} ${direction} ${program}`;
	const keys = new Set(
		wanted.flatMap(({ ifindex, direction, program }) => [
			key(ifindex, direction, program),
			key(ifindex, direction, ""),
		]),
	);
	return ({ ifindex, direction, program = "" }) =>
		failed.has(ifindex) || keys.has(key(ifindex, direction, program));
}

function isMissing(cause: unknown): boolean {
	return cause instanceof BpfError && cause.code === "DEVICE_MISSING";
}
