import { existsSync } from "node:fs";
import { Guest } from "./guest.ts";
import type { Accelerator, GuestImages } from "./qemu.ts";

const KVM_BOOT_MS = 30_000;

/** KVM where a guest really boots with it: the device can be there and not work. */
export async function chooseAccelerator(
	images: GuestImages,
	console: string,
	device = "/dev/kvm",
): Promise<Accelerator> {
	if (!existsSync(device)) return "emulation";
	const options = { ...images, accelerator: "kvm", memoryMiB: 1024, console, bootMs: KVM_BOOT_MS } as const;
	try {
		const guest = await Guest.boot(options);
		guest.close();
		return "kvm";
	} catch {
		// Why it does not is of no use to whoever runs tests: they run either way.
		return "emulation";
	}
}
