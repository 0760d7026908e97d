import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { chooseAccelerator } from "../../machine/accelerator.ts";
import { Guest, GuestError, type GuestFault } from "../../machine/guest.ts";
import { useFakeQemu } from "../fake-qemu.ts";

const qemu = useFakeQemu();
let consoles = 0;
const newConsole = () => join(qemu.directory, `console-${++consoles}`);

const boot = (kernel: string, limits: { bootMs?: number; silenceMs?: number } = {}) =>
	Guest.boot({
		...qemu.images(kernel),
		accelerator: "emulation",
		memoryMiB: 64,
		console: newConsole(),
		...limits,
	});

test("A guest runs commands one after the other, and their lines come from the stream that they were written to", async (t) => {
	const guest = await boot("6.1");
	t.teardown(() => guest.close());
	const lines: string[] = [];
	const options = {
		timeoutMs: 10_000,
		onLine: (text: string, from: string) => lines.push(`${from}: ${text}`),
	};
	t.deepEqual(await guest.run(["passes"], options), { how: "ended with 0", code: 0 });
	t.deepEqual(await guest.run(["crashes"], options), { how: "ended with 1", code: 1 });
	t.deepEqual(lines, ["stdout: ok 1 - it works", "stderr: cannot find module"]);
});

const ends: readonly [what: string, command: string, fault: GuestFault, message: RegExp][] = [
	["a panic", "panics", "panic", /^Kernel panic - not syncing: hung$/],
	["QEMU's own end", "leaves", "ended", /^QEMU ended with 3: qemu: out of memory$/],
	["a hang", "hangs", "hang", /^no sign of life for 3 s$/],
	["a command that takes too long", "lasts", "timeout", /^took longer than 5 s$/],
];

for (const [what, command, fault, message] of ends) {
	test(`${what} is told from other ends, with the last lines of the console`, async (t) => {
		const guest = await boot("6.1", { silenceMs: 3_000 });
		const running = guest.run([command], { timeoutMs: 5_000, onLine() {} });
		const error = await t.throwsAsync(running, { instanceOf: GuestError, message });
		t.is(error.fault, fault);
		t.is(error.console[0], "[    0.1] Linux version 6.1");
		// It is gone: what is asked of it now fails in the same way.
		await t.throwsAsync(guest.run(["passes"], { timeoutMs: 1_000, onLine() {} }), { is: error });
	});
}

test("a guest that is not ready in time, and one whose kernel panics before", async (t) => {
	const late = await t.throwsAsync(boot("never-ready", { bootMs: 600 }), { instanceOf: GuestError });
	t.is(late.fault, "timeout");
	const dead = await t.throwsAsync(boot("dies"), { instanceOf: GuestError });
	t.is(dead.fault, "panic");
});

test("KVM is taken only where a guest boots with it", async (t) => {
	const device = join(qemu.directory, "kvm");
	t.is(await chooseAccelerator(qemu.images("kvm-works"), newConsole(), device), "emulation");
	writeFileSync(device, "");
	t.is(await chooseAccelerator(qemu.images("kvm-works"), newConsole(), device), "kvm");
	t.is(await chooseAccelerator(qemu.images("6.1"), newConsole(), device), "emulation");
});
