import type { Kernel } from "../kernels/kernel.ts";

/** What runs a guest's instructions. */
export type Accelerator = "kvm" | "emulation";

/** A guest to be: its kernel and disks. */
export interface GuestImages {
	kernel: Kernel;
	initrd: string;
	/** Read-only disks, in the order that boot.sh mounts them: tools, modules, project. */
	disks: readonly string[];
}

export interface QemuOptions extends GuestImages {
	accelerator: Accelerator;
	memoryMiB: number;
	/** File that the console is written to; undefined: the terminal, with a shell on it. */
	console?: string;
}

export const QEMU = "qemu-system-x86_64";

/** Neither noise nor mitigations: nobody attacks a guest, and an emulated CPU pays for each. `panic=-1` ends QEMU. */
const KERNEL_COMMAND_LINE =
	"console=ttyS0 panic=-1 oops=panic mitigations=off nokaslr loglevel=5 random.trust_cpu=on";

/**
 * Without KVM the guest's clock counts its instructions, one a nanosecond: time-outs in tests mean as much work as they
 * do on a machine, however slow the emulation and busy the host. More than one emulated CPU makes V8's code crash.
 */
const ACCELERATION: Readonly<Record<Accelerator, readonly string[]>> = {
	kvm: ["-accel", "kvm", "-cpu", "host", "-smp", "2"],
	emulation: ["-accel", "tcg,thread=single", "-icount", "shift=0", "-cpu", "max", "-smp", "1"],
};

/** Arguments of QEMU. The first serial line is the console; the second, where it is not a shell, is stdin and stdout. */
export function qemuArguments(options: QemuOptions): string[] {
	const { kernel, initrd, disks, accelerator, memoryMiB, console } = options;
	const serial =
		console === undefined
			? ["-serial", "mon:stdio"]
			: ["-serial", `file:${console}`, "-chardev", "stdio,id=events,signal=off", "-serial", "chardev:events"];
	return [
		...ACCELERATION[accelerator],
		...["-machine", "pc", "-m", `${memoryMiB}M`],
		...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
		...["-kernel", kernel.image, "-initrd", initrd],
		...["-append", console === undefined ? `${KERNEL_COMMAND_LINE} kproxy.shell` : KERNEL_COMMAND_LINE],
		...serial,
		...disks.flatMap((disk) => ["-drive", `if=virtio,format=raw,readonly=on,file=${disk}`]),
	];
}
