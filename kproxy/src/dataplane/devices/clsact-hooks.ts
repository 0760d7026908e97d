import { attachClsact, BpfError, openTcFilter, type TcFilter, type TcFilterPlace } from "bpf-loader";
import type { DeviceHooks, DeviceOutcome, IdentifiedProgram } from "./attach-devices.ts";
import type { DeviceHook } from "./hooks.ts";

/** Where our filter is on each side: first, as with tcx links (tcx-hooks.ts says why), and "kp" among those that are. */
export const FILTER = { priority: 1, handle: 0x6b70 } as const;

/**
 * Hooks of devices by filters, for kernels without tcx links. They stay when the daemon goes. `ifindexes`: all devices,
 * as nothing but its device leads to a filter.
 */
export function clsactHooks(ifindexes: () => Iterable<number>): DeviceHooks {
	return {
		attach,
		held: () =>
			findFilters(ifindexes()).map((filter) => ({
				ifindex: filter.place.ifindex,
				direction: filter.place.direction,
				detach: () => filter.detach(),
			})),
	};
}

/** Our filters on these devices, ingress first. */
export function findFilters(ifindexes: Iterable<number>): TcFilter[] {
	const devices = [...ifindexes];
	return (["ingress", "egress"] as const)
		.flatMap((direction) => devices.map((ifindex) => openOnDevice(placeOf({ ifindex, direction }))))
		.filter((filter) => filter !== undefined);
}

/** Devices come and go while we look. */
function openOnDevice(place: TcFilterPlace): TcFilter | undefined {
	try {
		return openTcFilter(place);
	} catch (error) {
		if (error instanceof BpfError && error.code === "DEVICE_MISSING") return undefined;
		throw error;
	}
}

/** The old program and the new one have one place, so a change of class swaps them too. */
function attach(hook: DeviceHook, { program, id }: IdentifiedProgram): DeviceOutcome {
	const filter = openTcFilter(placeOf(hook));
	if (filter === undefined) {
		attachClsact({ ...placeOf(hook), program });
		return "attached";
	}
	if (filter.info().programId === id) return "kept";
	filter.update(program);
	return "updated";
}

function placeOf({ ifindex, direction }: Pick<DeviceHook, "ifindex" | "direction">): TcFilterPlace {
	return { ifindex, direction, ...FILTER };
}
