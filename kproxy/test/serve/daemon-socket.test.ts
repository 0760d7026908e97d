import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { askDaemon, daemonSocketPath, listenToCli } from "../../src/serve/daemon-socket.ts";

test("The CLI asks the daemon of its own bpffs directory", async (t) => {
	const bpffs = mkdtempSync(join(tmpdir(), "kproxy-socket-"));
	t.teardown(() => rmSync(bpffs, { recursive: true }));
	const path = daemonSocketPath(bpffs, join(bpffs, "run"));
	t.is(await askDaemon(path, "/status"), undefined);
	await using _listener = await listenToCli(path, {
		"/status": () => ({ type: "application/json", body: '{"pid":1}' }),
	});
	t.deepEqual(await askDaemon(path, "/status"), { pid: 1 });
	t.is(await askDaemon(path, "/nothing"), undefined);
	t.is(statSync(join(bpffs, "run")).mode & 0o777, 0o700);
});

test("What a killed daemon left in place of the socket is no obstacle", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "kproxy-socket-"));
	t.teardown(() => rmSync(directory, { recursive: true }));
	const path = join(directory, "a.sock");
	writeFileSync(path, "");
	await using _listener = await listenToCli(path, { "/x": () => ({ type: "application/json", body: "1" }) });
	t.is(await askDaemon(path, "/x"), 1);
});
