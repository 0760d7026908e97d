import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import test from "ava";
import { request } from "undici";

/** The server as a process of its own, with so many Services. */
async function serverProcess(
	t: { teardown(end: () => void): void },
	args: readonly string[],
): Promise<{ url: string; services: number }> {
	const main = fileURLToPath(new URL("main.ts", import.meta.url));
	const child = spawn(process.execPath, ["--conditions=source", main, ...args], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	t.teardown(() => void child.kill());
	const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
	return JSON.parse(line);
}

async function count(url: string): Promise<number> {
	const { body } = await request(url);
	return ((await body.json()) as { items: unknown[] }).items.length;
}

test("As a process of its own it has the Services and slices that were asked for, and takes writes", async (t) => {
	const { url, services } = await serverProcess(t, ["--services", "30", "--endpoints-per", "250"]);
	t.is(services, 30);
	t.is(await count(`${url}/api/v1/services`), 30);
	t.is(await count(`${url}/apis/discovery.k8s.io/v1/endpointslices`), 90, "slices of at most 100 endpoints");
	const one = `${url}/api/v1/namespaces/ns-7/services/svc-7`;
	const { body } = await request(one);
	const object = (await body.json()) as { spec: { ports: { port: number }[] } };
	object.spec.ports = [{ port: 8080 }];
	t.is((await request(one, { method: "PUT", body: JSON.stringify(object) })).statusCode, 200);
	t.like(await (await request(one)).body.json(), { kind: "Service", spec: { ports: [{ port: 8080 }] } });
	t.is((await request(one, { method: "DELETE" })).statusCode, 200);
	t.is((await request(one)).statusCode, 404);
	t.is(await count(`${url}/api/v1/services`), 29);
});
