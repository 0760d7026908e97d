import type { Direction } from "bpf-loader";
import type { programs } from "../generated/tc.ts";
import type { ClassifiedDevice, DeviceClass } from "./classify.ts";

/** Names of the programs for devices. */
export type PacketProgramName = keyof typeof programs;

/** One side of one device, and the program that is wanted there. */
export interface DeviceHook {
	program: PacketProgramName;
	ifindex: number;
	direction: Direction;
}

/** Which program a class of device gets at each side. */
const PROGRAMS: Readonly<Record<DeviceClass, Readonly<Record<Direction, PacketProgramName>>>> = {
	node: { ingress: "tc_node_ingress", egress: "tc_node_egress" },
	pod: { ingress: "tc_pod_ingress", egress: "tc_pod_egress" },
};

/** Which side a program is for. */
export function directionOf(program: PacketProgramName): Direction {
	return program.endsWith("_ingress") ? "ingress" : "egress";
}

/**
 * Everything that is wanted, in the order in which it is attached. Egress of all devices first: a packet must not be
 * translated while nothing translates its reply back. Pods before the node, whose clients lead to them.
 */
export function wantedHooks(devices: readonly ClassifiedDevice[]): DeviceHook[] {
	const hooks: DeviceHook[] = [];
	for (const direction of ["egress", "ingress"] as const) {
		for (const wanted of ["pod", "node"] as const) {
			const ofClass = devices.filter((device) => device.class === wanted);
			const program = PROGRAMS[wanted][direction];
			hooks.push(...ofClass.map(({ ifindex }) => ({ program, ifindex, direction })));
		}
	}
	return hooks;
}
