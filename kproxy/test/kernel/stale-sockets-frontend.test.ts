import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import test, { type ExecutionContext } from "ava";
import { attachCgroup, inNetworkNamespace, loadObject, openSockDiag, openSpec } from "bpf-loader";
import { openArray } from "bpf-maps";
import { sealFrontend } from "../../src/dataplane/frontend-check.ts";
import {
	BackendFlag,
	BackendState,
	maps,
	type Names,
	Protocol,
} from "../../src/dataplane/generated/sock_lb.ts";
import { objectPath, openServiceMaps } from "../../src/dataplane/service-maps.ts";
import { readSockPeer } from "../../src/dataplane/sock-peer.ts";
import { destroyStaleSockets } from "../../src/dataplane/stale-sockets.ts";
import { createLab, type Lab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespaces.ts";

const FRONTEND = { address: "10.96.0.10", port: 53 };
const BACKEND = { address: "127.0.0.9", port: 5353 };

/** The socket programs on a cgroup of the lab's, with one UDP frontend of one backend. Gives the map of peers. */
function serveFrontend(t: ExecutionContext, lab: Lab) {
	const object = loadObject<Names>(openSpec(objectPath), {
		maps: { svc_frontends: { maxEntries: 64 }, sock_reverse: { maxEntries: 1024 } },
	});
	t.teardown(() => object.close());
	for (const name of ["sock_connect4", "sock_connect6"] as const) {
		const link = attachCgroup({ program: object.programs[name], cgroup: lab.cgroups.clients });
		t.teardown(() => link.close());
	}
	const { frontends, slots, backends } = openServiceMaps(object.maps);
	const protocol = Protocol.UDP;
	backends.setAll([
		[1, { ...BACKEND, protocol, state: BackendState.ACTIVE, reuse: 0, flags: BackendFlag.ELSEWHERE }],
	]);
	slots.setAll([[0, 1]]);
	const range = { first: 0, count: 1 };
	const value = {
		internal: range,
		external: range,
		service: 1,
		affinityTimeoutS: 0,
		algorithm: 0,
		flags: 0,
	} as const;
	const key = { ...FRONTEND, protocol };
	frontends.setAll([[key, sealFrontend(key, value)]]);
	return openArray(object.maps.sock_peers, maps.sock_peers);
}

/** A process that connects a UDP socket, and then says for each line whether it could send it. */
async function connectedClient(t: ExecutionContext, where: { lab: Lab; namespace: Namespace; to: string }) {
	const { lab, namespace, to } = where;
	const script = `exec 3<>/dev/udp/${to}; echo ready; while read -r line; do echo x >&3 && echo sent || echo failed; done`;
	const command = ["bash", "-c", script];
	const child: ChildProcess = lab.spawn({
		namespace,
		cgroup: "clients",
		command,
		stdio: ["pipe", "pipe", "ignore"],
	});
	t.teardown(() => child.kill());
	const { stdin, stdout } = child;
	if (stdin === null || stdout === null) throw new Error("the client has no pipes");
	const lines = createInterface(stdout);
	await once(lines, "line");
	return async (): Promise<string> => {
		const line = once(lines, "line");
		stdin.write("send\n");
		return (await line)[0];
	};
}

test("Of the sockets to a gone backend, those end that dialled a frontend, as sock_peers tells", async (t) => {
	using lab = createLab("stale-frontend");
	const namespace = lab.namespace("client");
	namespace.ip([`route add 10.96.0.0/16 dev lo`]);
	const peers = serveFrontend(t, lab);
	// Someone must receive, or the first datagram makes the next call fail.
	const server = await lab.agent("server", { namespace, cgroup: "others" });
	await server.listen({ protocol: "UDP", name: "b", ...BACKEND });
	const through = await connectedClient(t, { lab, namespace, to: `${FRONTEND.address}/${FRONTEND.port}` });
	const direct = await connectedClient(t, { lab, namespace, to: `${BACKEND.address}/${BACKEND.port}` });
	using diag = inNetworkNamespace(namespace.path, openSockDiag);
	const connected = diag.list({ family: "IPv4", protocol: "UDP", connected: true });
	t.deepEqual(
		connected.map(({ destination }) => destination),
		[BACKEND, BACKEND],
	);
	t.deepEqual([await through(), await direct()], ["sent", "sent"]);
	const cookies = new Set(connected.map(({ cookie }) => cookie));
	const result = await destroyStaleSockets({
		backends: [{ ...BACKEND, protocol: "UDP" }],
		isOurs(cookie, { port }) {
			if (!cookies.has(cookie)) return false;
			const frontend = readSockPeer(peers, cookie, port);
			if (frontend !== undefined) t.deepEqual(frontend, FRONTEND);
			return frontend !== undefined;
		},
	});
	t.is(result.destroyed, 1);
	t.deepEqual([await through(), await direct()], ["failed", "sent"]);
});
