import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import test from "ava";
import { createHealthCheckPorts, type ServiceHealth } from "../../src/serve/health-check-ports.ts";
import { manualClock } from "../pipeline/manual-clock.ts";

const RETRY_MS = 1000;

/** A port that nobody has now. */
async function freePort(): Promise<number> {
	const server = createTcpServer().listen(0);
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return port;
}

function stage() {
	const state = { healthy: true, changes: 0 };
	const clock = manualClock();
	const ports = createHealthCheckPorts({
		isHealthy: () => state.healthy,
		onProblems: () => {
			state.changes += 1;
		},
		clock,
		retryMs: RETRY_MS,
	});
	return { state, clock, ports };
}

const web = (port: number, localEndpoints: number): ServiceHealth => ({
	namespace: "shop",
	name: "web",
	port,
	localEndpoints,
});

const refused = (url: string) =>
	fetch(url).then(
		() => false,
		() => true,
	);

for (const { localEndpoints, healthy, status } of [
	{ localEndpoints: 2, healthy: true, status: 200 },
	{ localEndpoints: 0, healthy: true, status: 503 },
	{ localEndpoints: 2, healthy: false, status: 503 },
]) {
	test(`With ${localEndpoints} local endpoints and ${healthy ? "a healthy" : "an unhealthy"} daemon the answer is ${status}, as kube-proxy words it`, async (t) => {
		const { state, ports } = stage();
		await using _ = ports;
		const port = await freePort();
		await ports.update([web(port, localEndpoints)]);
		state.healthy = healthy;
		const response = await fetch(`http://127.0.0.1:${port}/any/path`);
		t.is(response.status, status);
		t.is(response.headers.get("content-type"), "application/json");
		t.is(response.headers.get("x-content-type-options"), "nosniff");
		t.is(response.headers.get("x-load-balancing-endpoint-weight"), String(localEndpoints));
		t.is(
			await response.text(),
			`{\n\t"service": {\n\t\t"namespace": "shop",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": ${localEndpoints},\n\t"serviceProxyHealthy": ${healthy}\n}`,
		);
	});
}

test("A server follows its Service: endpoints at once, another port, gone", async (t) => {
	const { ports } = stage();
	await using _ = ports;
	const [first, second] = [await freePort(), await freePort()];
	await ports.update([web(first, 0)]);
	t.is((await fetch(`http://127.0.0.1:${first}`)).status, 503);
	await ports.update([web(first, 1)]);
	t.is((await fetch(`http://127.0.0.1:${first}`)).status, 200);
	await ports.update([web(second, 1)]);
	t.true(await refused(`http://127.0.0.1:${first}`));
	t.is((await fetch(`http://[::1]:${second}`)).status, 200);
	await ports.update([]);
	t.true(await refused(`http://127.0.0.1:${second}`));
});

test("A port goes from one Service to another in one update", async (t) => {
	const { ports } = stage();
	await using _ = ports;
	const port = await freePort();
	await ports.update([web(port, 1)]);
	await ports.update([{ ...web(port, 1), name: "api" }]);
	const body = (await (await fetch(`http://127.0.0.1:${port}`)).json()) as { service: unknown };
	t.deepEqual(body.service, { namespace: "shop", name: "api" });
	t.deepEqual(ports.problems, []);
});

test("It listens only on the addresses that it is given, and moves with them", async (t) => {
	const { ports } = stage();
	await using _ = ports;
	const port = await freePort();
	await ports.update([web(port, 1)], ["127.0.0.2"]);
	t.is((await fetch(`http://127.0.0.2:${port}`)).status, 200);
	t.true(await refused(`http://127.0.0.3:${port}`));
	await ports.update([web(port, 1)], ["127.0.0.3"]);
	t.is((await fetch(`http://127.0.0.3:${port}`)).status, 200);
	t.true(await refused(`http://127.0.0.2:${port}`));
});

test("A port that is taken is a problem of its Service, said once, and is tried again", async (t) => {
	const { state, clock, ports } = stage();
	await using _ = ports;
	const taker = createServer().listen(0);
	const { port } = taker.address() as AddressInfo;
	await ports.update([web(port, 1)]);
	await ports.update([web(port, 2)]);
	t.is(state.changes, 1);
	const [problem] = ports.problems;
	t.is(problem?.object, "Service shop/web");
	t.is(
		problem?.message,
		`health check of Service shop/web cannot listen on port ${port}: another process has that port; load balancers take this node for one without endpoints, and it is tried again`,
	);
	await new Promise((resolve) => taker.close(resolve));
	await clock.advance(RETRY_MS);
	await ports.update([web(port, 2)]);
	t.is(state.changes, 2);
	t.deepEqual(ports.problems, []);
	t.is((await fetch(`http://127.0.0.1:${port}`)).status, 200);
});

test("Closing closes every server, and ends the wait for ports", async (t) => {
	const { ports } = stage();
	const port = await freePort();
	await ports.update([web(port, 1)]);
	await ports.close();
	t.true(await refused(`http://127.0.0.1:${port}`));
});
