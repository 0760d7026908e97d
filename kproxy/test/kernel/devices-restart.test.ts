import test from "ava";
import { lacks } from "../../../loader/test/lacks.ts";
import { sealFrontend } from "../../src/dataplane/frontend-check.ts";
import {
	Algorithm,
	BackendFlag,
	BackendState,
	FrontendFlag,
	Protocol,
} from "../../src/dataplane/generated/tc.ts";
import { openPinnedDataplane } from "../../src/dataplane/pinned-dataplane.ts";
import type { Stream } from "../lab/agent.ts";
import { sweepLabs } from "../lab/lab.ts";
import type { StreamDatagram } from "../lab/protocol.ts";
import { deviceStage, HAS_TCX } from "./devices-stage.ts";

test.before(() => sweepLabs());

for (const mode of ["tcx", "clsact"] as const) {
	test.serial(`No datagram is lost while one daemon takes over from another in mode ${mode}`, async (t) => {
		if (mode === "tcx" && lacks(t, { feature: "tcx links", has: HAS_TCX })) return;
		using at = deviceStage(`stream-${mode}`);
		const server = at.node.pod("server", { hook: false });
		const client = at.node.pod("client", { hook: false });
		await server.listen({ protocol: "UDP", port: 8080, echo: true });
		let follower = await at.follow({ mode });
		serve(at.layout.directory, server.IPv4);
		const stream = await client.stream({ address: "10.96.0.10", port: 80, protocol: "UDP", everyMs: 2 });
		for (let restart = 0; restart < 3; restart++) {
			await follower.close();
			follower = await at.follow({ mode });
			t.is(follower.events[0]?.outcomes.updated, 4);
			// New datagrams by the new programs.
			const seen = (await stream.datagrams()).length;
			await enough(stream, (datagrams) => datagrams.length > seen + 20);
		}
		await enough(stream, (datagrams) => datagrams.at(-5)?.answeredMs !== undefined);
		const datagrams = (await stream.stop()).slice(0, -5);
		t.true(datagrams.length > 100);
		t.deepEqual(
			datagrams.filter(({ answer, from }) => answer !== "server" || from?.address !== "10.96.0.10"),
			[],
		);
		t.log(`${datagrams.length} datagrams, all answered by the frontend's address`);
		await follower.close();
	});
}

/** Asks until what was sent is enough. */
async function enough(
	stream: Stream,
	isEnough: (datagrams: readonly StreamDatagram[]) => boolean,
): Promise<void> {
	const deadlineMs = performance.now() + 10_000;
	while (!isEnough(await stream.datagrams())) {
		if (performance.now() > deadlineMs) throw new Error("a stream stands still");
	}
}

/** A Service at 10.96.0.10:80/UDP with one backend. */
function serve(bpffs: string, backend: string): void {
	using dataplane = openPinnedDataplane(bpffs);
	const { maps } = dataplane;
	const key = { address: "10.96.0.10", port: 80, protocol: Protocol.UDP };
	const range = { first: 0, count: 1 };
	const plain = { service: 1, affinityTimeoutS: 0, algorithm: Algorithm.RANDOM, flags: FrontendFlag.PLAIN };
	const place = { address: backend, port: 8080, protocol: Protocol.UDP, reuse: 0, flags: BackendFlag.LOCAL };
	maps.backends.setAll([[1, { ...place, state: BackendState.ACTIVE }]]);
	maps.slots.setAll([[0, 1]]);
	maps.frontends.setAll([[key, sealFrontend(key, { internal: range, external: range, ...plain })]]);
}
