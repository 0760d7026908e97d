import { existsSync } from "node:fs";
import { attachTcx, type Link, listTcxPrograms, openPinnedLink } from "bpf-loader";
import { detachPinned } from "../attach.ts";
import type { DeviceHooks, DeviceOutcome, IdentifiedProgram } from "./attach-devices.ts";
import { devicePinPath, findDevicePins } from "./device-pins.ts";
import type { DeviceHook } from "./hooks.ts";

/** Hooks of devices by pinned tcx links: they stay when the daemon goes, and the next one puts its programs into them. */
export function tcxHooks(links: string): DeviceHooks {
	return {
		attach: (hook, program) => attach(devicePinPath(links, hook), hook, program),
		held: () => findDevicePins(links).map((pin) => ({ ...pin, detach: () => detachPinned(pin.path) })),
	};
}

function attach(path: string, hook: DeviceHook, { program, id }: IdentifiedProgram): DeviceOutcome {
	const running = listTcxPrograms(hook);
	if (existsSync(path)) {
		// Nobody attaches our program but we.
		if (running.includes(id)) return "kept";
		using old = openPinnedLink(path);
		if (isOn(old, hook, running)) {
			old.update(program);
			return "updated";
		}
		// Its device is gone or has gone elsewhere, and another has its number now.
		detachPinned(path);
	}
	// First at both sides. A program that ends the chain (TCX_PASS) before ours would leave packets untranslated, at
	// ingress as at egress. At egress those behind see what they see with kube-proxy, which translates before any of them.
	using link = attachTcx({ program, ifindex: hook.ifindex, direction: hook.direction, position: "first" });
	link.pin(path);
	return "attached";
}

/**
 * A device that moves to another namespace takes its links along, so the number in the link is not enough: the program
 * must run on the device that has the number here.
 */
function isOn(link: Link, { ifindex }: DeviceHook, running: readonly number[]): boolean {
	const info = link.info();
	return info.ifindex === ifindex && running.includes(info.programId);
}
