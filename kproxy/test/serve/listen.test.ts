import test from "ava";
import { type Listener, listen, parseBindAddress, type Routes } from "../../src/serve/listen.ts";

const routes: Routes = {
	"/ok": () => ({ type: "text/plain", body: "fine\n" }),
	"/late": async () => ({ status: 503, type: "application/json", body: "{}" }),
	"/broken": () => {
		throw new Error("the map is gone");
	},
};

for (const [text, expected] of [
	["0.0.0.0:10256", { host: "0.0.0.0", port: 10256 }],
	["127.0.0.1", { host: "127.0.0.1", port: 7 }],
	["[::1]:80", { host: "::1", port: 80 }],
	["[::]", { host: "::", port: 7 }],
	["fd00::1", { host: "fd00::1", port: 7 }],
	[":9100", { host: "0.0.0.0", port: 9100 }],
	["localhost:0", { host: "localhost", port: 0 }],
	["1.2.3.4:65536", undefined],
	["1.2.3.4:", undefined],
	["1.2.3.4:http", undefined],
	["[::1", undefined],
] as const) {
	test(`The bind address ${JSON.stringify(text)} is ${expected ? "understood" : "refused"}`, (t) => {
		t.deepEqual(parseBindAddress(text, 7), expected);
	});
}

async function withListener(run: (listener: Listener) => Promise<void>): Promise<void> {
	await using listener = await listen("healthz", { host: "127.0.0.1", port: 0 }, routes);
	await run(listener);
}

for (const { path, method = "GET", status, body } of [
	{ path: "/ok", status: 200, body: "fine\n" },
	{ path: "/ok?verbose=1", status: 200, body: "fine\n" },
	{ path: "/late", status: 503, body: "{}" },
	{ path: "/broken", status: 500, body: "the map is gone\n" },
	{ path: "/nothing", status: 404, body: "not found\n" },
	{ path: "/__proto__", status: 404, body: "not found\n" },
	{ path: "/ok", method: "POST", status: 405, body: "only GET and HEAD are answered\n" },
]) {
	test(`${method} ${path} is answered ${status}`, async (t) => {
		await withListener(async ({ address }) => {
			const response = await fetch(`http://${address}${path}`, { method });
			t.is(response.status, status);
			t.is(await response.text(), body);
			t.is(response.headers.get("x-content-type-options"), "nosniff");
		});
	});
}

test("A port that is in use is named, with the flag that chooses another", async (t) => {
	await withListener(async ({ address }) => {
		const port = Number(address.split(":")[1]);
		const error = await t.throwsAsync(listen("healthz", { host: "127.0.0.1", port }, routes));
		t.is((error as { code?: string }).code, "ADDRESS_IN_USE");
		t.is(error?.message, `healthz cannot listen on 127.0.0.1:${port}: another process has that port`);
		t.regex((error as { hint?: string }).hint ?? "", /--healthz-bind-address/);
	});
});

test("An address that this machine does not have is named", async (t) => {
	const error = await t.throwsAsync(listen("metrics", { host: "198.51.100.1", port: 1 }, routes));
	t.is((error as { code?: string }).code, "LISTEN");
	t.regex(error?.message ?? "", /^metrics cannot listen on 198\.51\.100\.1:1: /);
});

for (const host of ["0.0.0.0", undefined]) {
	test(`Listening on ${host ?? "no address"} answers in both families`, async (t) => {
		await using listener = await listen("healthz", { host, port: 0 }, routes);
		const port = listener.address.split(":").at(-1);
		t.is((await fetch(`http://127.0.0.1:${port}/ok`)).status, 200);
		t.is((await fetch(`http://[::1]:${port}/ok`)).status, 200);
	});
}

test("One route answers every path, with headers of its own", async (t) => {
	const route = () => ({ type: "text/plain", body: "", headers: { "x-weight": "7" } });
	await using listener = await listen("weight", { host: "127.0.0.1", port: 0 }, route);
	const response = await fetch(`http://${listener.address}/any/path`);
	t.is(response.headers.get("x-weight"), "7");
	t.is(response.headers.get("content-type"), "text/plain");
});

test("A taken port of a server without a flag has no flag in its hint", async (t) => {
	await withListener(async ({ address }) => {
		const port = Number(address.split(":")[1]);
		const error = await t.throwsAsync(listen("health check", { host: "127.0.0.1", port }, routes));
		t.regex((error as { hint?: string }).hint ?? "", /^find who has it: ss -ltnp/);
	});
});

test("Closing ends connections that are kept alive", async (t) => {
	const listener = await listen("healthz", { host: "127.0.0.1", port: 0 }, routes);
	await fetch(`http://${listener.address}/ok`);
	await listener.close();
	await t.throwsAsync(fetch(`http://${listener.address}/ok`));
});
