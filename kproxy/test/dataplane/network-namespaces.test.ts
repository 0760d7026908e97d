import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { listNetworkNamespaces } from "../../src/dataplane/network-namespaces.ts";

test("Namespaces of processes are listed once each, with a path through every process", (t) => {
	const proc = mkdtempSync(join(tmpdir(), "kproxy-proc-"));
	t.teardown(() => rmSync(proc, { recursive: true }));
	const processes = [
		["10", "net:[41]"],
		["11", "net:[42]"],
		["12", "net:[41]"],
		["13", undefined],
		["irq", "net:[43]"],
	] as const;
	for (const [pid, target] of processes) {
		mkdirSync(join(proc, pid, "ns"), { recursive: true });
		if (target !== undefined) symlinkSync(target, join(proc, pid, "ns/net"));
	}
	t.deepEqual(listNetworkNamespaces({ proc, named: join(proc, "none") }), {
		namespaces: [
			{ inode: 41, paths: [join(proc, "10/ns/net"), join(proc, "12/ns/net")] },
			{ inode: 42, paths: [join(proc, "11/ns/net")] },
		],
		failures: [],
	});
});
