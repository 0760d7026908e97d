import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { directoryLockHolder, lockDirectory } from "../src/lock.ts";

function directory(): { path: string } & Disposable {
	const path = mkdtempSync(join(tmpdir(), "bpf-loader-lock-"));
	return { path, [Symbol.dispose]: () => rmdirSync(path) };
}

/** A process that has locked the directory and stays. */
async function locker(path: string) {
	const module = new URL("../src/lock.ts", import.meta.url);
	const script = `
		import { lockDirectory } from ${JSON.stringify(module.href)};
		lockDirectory(${JSON.stringify(path)});
		console.log("locked");
		setInterval(() => {}, 1000);
	`;
	const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	await once(child.stdout, "data");
	return child;
}

test("a lock keeps others out, says who has it, and is given back", (t) => {
	using at = directory();
	t.is(directoryLockHolder(at.path), undefined);
	const lock = lockDirectory(at.path);
	t.deepEqual(directoryLockHolder(at.path), { pid: process.pid });
	t.like(
		t.throws(() => lockDirectory(at.path)),
		{ code: "LOCKED", message: `${at.path} is in use by process ${process.pid}` },
	);
	lock.close();
	lock.close();
	t.is(directoryLockHolder(at.path), undefined);
	t.notThrows(() => lockDirectory(at.path).close());
});

test("a process that is killed leaves no lock behind", async (t) => {
	using at = directory();
	const child = await locker(at.path);
	t.deepEqual(directoryLockHolder(at.path), { pid: child.pid });
	child.kill("SIGKILL");
	await once(child, "exit");
	t.notThrows(() => lockDirectory(at.path).close());
});

test("a directory that does not exist cannot be locked", (t) => {
	t.like(
		t.throws(() => lockDirectory("/nowhere/at/all")),
		{ code: "ENOENT", message: "cannot lock /nowhere/at/all: ENOENT (no such file or directory)" },
	);
});
