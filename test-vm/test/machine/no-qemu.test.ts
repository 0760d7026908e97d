import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Guest, GuestError } from "../../machine/guest.ts";

test("without QEMU a guest does not start, and says so", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "kproxy-no-qemu-"));
	t.teardown(() => rmSync(directory, { recursive: true }));
	process.env.PATH = directory;
	const kernel = { name: "6.1", release: "6.1.0", image: "vmlinuz", modules: directory };
	const options = { kernel, initrd: "initrd", disks: [], accelerator: "emulation", memoryMiB: 64 } as const;
	await t.throwsAsync(Guest.boot({ ...options, console: join(directory, "console") }), {
		instanceOf: GuestError,
		message: /^QEMU does not start: spawn qemu-system-x86_64 ENOENT$/,
	});
});
