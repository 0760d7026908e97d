import type { Problem } from "../../problem.ts";
import type { AttachedDevices } from "./attach-devices.ts";
import type { Classified } from "./classify.ts";

/** One problem for each device that failed, and one for all whose packets our programs cannot read. */
export function deviceProblems(
	{ devices, headerless }: Classified,
	{ failures }: AttachedDevices,
): Problem[] {
	const names = new Map(devices.map(({ ifindex, name }) => [ifindex, name]));
	// A device fails at both sides, as a rule for the same reason.
	const causes = new Map(failures.map(({ ifindex, cause }) => [ifindex, cause]));
	const failed = [...causes].map(([ifindex, cause]): Problem => {
		const object = `device ${names.get(ifindex) ?? ifindex}`;
		const why = cause instanceof Error ? cause.message : String(cause);
		const message = `${object}: ${why}; its packets are not translated, and it is tried again`;
		return { id: `${object} DEVICE_FAILED`, object, code: "DEVICE_FAILED", message };
	});
	return headerless.length === 0 ? failed : [...failed, unsupported(headerless)];
}

function unsupported(names: readonly string[]): Problem {
	const object = "network devices";
	const message = `${object}: packets of ${names.join(", ")} have no link header, so they are not translated: NodePorts and load-balancer addresses are not served there`;
	return { id: `${object} DEVICE_UNSUPPORTED`, object, code: "DEVICE_UNSUPPORTED", message };
}
