import { chmod, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import test from "ava";
import { certificate } from "../../api-server/server.ts";
import { until } from "../until.ts";
import { serviceNamed, temporaryDirectory, watchServer } from "./watched-server.ts";

test("A token file that rotates is read again when the server says 401", async (t) => {
	const tokenFile = join(await temporaryDirectory(t), "token");
	await writeFile(tokenFile, "first\n");
	const { server, sink, synced, addService } = await watchServer(t, {
		server: { tokens: ["first"] },
		user: { tokenFile },
	});
	await synced();
	await writeFile(tokenFile, "second\n");
	server.setTokens(["second"]);
	for (const watch of server.watches) watch.close();
	await addService("a");
	t.deepEqual(
		server.requests.map(({ verb, authorization }) => `${verb} ${authorization}`),
		["stream Bearer first", "watch Bearer first", "watch Bearer second"],
	);
	t.deepEqual(sink.notices, []);
	t.deepEqual(
		sink.requests,
		["200", "401", "200"].map((code) => `GET ${code} ${new URL(server.url).host}`),
	);
});

test("A token file is read again every minute without being told", async (t) => {
	const tokenFile = join(await temporaryDirectory(t), "token");
	await writeFile(tokenFile, "first\n");
	const { server, clock, synced, addService } = await watchServer(t, { user: { tokenFile } });
	await synced();
	await writeFile(tokenFile, "second\n");
	for (const watch of server.watches) watch.close();
	await addService("a");
	clock.advance(60_000);
	for (const watch of server.watches) watch.close();
	await addService("b");
	t.deepEqual(
		server.requests.map(({ authorization }) => authorization),
		["Bearer first", "Bearer first", "Bearer second"],
	);
});

test("Credentials that are not accepted are a problem until they are", async (t) => {
	const { server, source, synced } = await watchServer(t, {
		server: { tokens: ["right"] },
		user: { token: "wrong" },
	});
	await until("the problem", () => source.status().problems.length > 0);
	t.is(
		source.status().problems[0],
		`services: the API server at ${server.url} does not accept the credentials (401); check token, certificate and their age; nothing is known of them yet, trying again`,
	);
	server.setTokens(["wrong"]);
	await synced();
	t.deepEqual(source.status().problems, []);
});

test("A client certificate proves who it is", async (t) => {
	const { server, synced } = await watchServer(t, {
		server: { tls: true, tokens: [] },
		cluster: { "certificate-authority-data": Buffer.from(certificate("ca.crt")).toString("base64") },
		user: {
			"client-certificate-data": Buffer.from(certificate("client.crt")).toString("base64"),
			"client-key-data": Buffer.from(certificate("client.key")).toString("base64"),
		},
	});
	await synced();
	t.is(server.requests[0]?.client, "system:kproxy");
	t.is(server.requests[0]?.authorization, undefined);
});

const tlsCases: readonly { what: string; cluster: Record<string, unknown>; problem?: RegExp }[] = [
	{
		what: "without a certificate authority",
		cluster: {},
		problem: /not from the configured certificate authority/,
	},
	{ what: "without verification", cluster: { "insecure-skip-tls-verify": true } },
	{
		what: "by another of its names",
		cluster: {
			"certificate-authority-data": Buffer.from(certificate("ca.crt")).toString("base64"),
			"tls-server-name": "kubernetes.default",
		},
	},
	{
		what: "by a name that it does not have",
		cluster: {
			"certificate-authority-data": Buffer.from(certificate("ca.crt")).toString("base64"),
			"tls-server-name": "elsewhere.example",
		},
		problem: /its certificate is for another name; set tls-server-name/,
	},
];

for (const { what, cluster, problem } of tlsCases) {
	test(`An HTTPS server ${what} is ${problem === undefined ? "trusted" : "not trusted, in clear words"}`, async (t) => {
		const { source, synced } = await watchServer(t, { server: { tls: true }, cluster });
		if (problem === undefined) return t.notThrowsAsync(synced());
		await until("the problem", () => source.status().problems.length > 0);
		t.regex(source.status().problems[0] ?? "", problem);
	});
}

test("A pod uses its service account, and its token as it rotates", async (t) => {
	const directory = await temporaryDirectory(t);
	await writeFile(join(directory, "token"), "first");
	await writeFile(join(directory, "ca.crt"), certificate("ca.crt"));
	const port = await freePort();
	const { server, synced, addService } = await watchServer(t, {
		server: { tls: true, port, tokens: ["first"] },
		source: { connection: { inCluster: { host: "127.0.0.1", port: String(port), directory } } },
	});
	await synced();
	await writeFile(join(directory, "token"), "second");
	server.setTokens(["second"]);
	for (const watch of server.watches) watch.close();
	await addService("a");
	t.is(server.requests.at(-1)?.authorization, "Bearer second");
});

test("Outside of a pod, without a kubeconfig, the source says what to give", async (t) => {
	const { ended } = await watchServer(t, {
		source: { connection: { inCluster: { host: undefined, port: undefined } } },
	});
	t.like(await ended, {
		code: "NOT_IN_CLUSTER",
		message: "cannot use the pod's service account: KUBERNETES_SERVICE_HOST is not set",
		hint: "outside of a pod give --kubeconfig FILE or --manifests DIR; in a pod mount a service account token",
	});
});

test("A pod without a token says which file is missing", async (t) => {
	const directory = await temporaryDirectory(t);
	const { ended } = await watchServer(t, {
		source: { connection: { inCluster: { host: "10.96.0.1", port: "443", directory } } },
	});
	t.regex(String(await ended), /ENOENT: no such file or directory.*token/);
});

test("An HTTP proxy is gone through where the kubeconfig names one", async (t) => {
	const tunnels: string[] = [];
	const proxy = createServer().on("connect", (request, socket, head) => {
		tunnels.push(request.url ?? "");
		const [host = "", port = ""] = (request.url ?? "").split(":");
		const onward = connect(Number(port), host, () => {
			socket.write("HTTP/1.1 200 OK\r\n\r\n");
			onward.write(head);
			onward.pipe(socket).pipe(onward);
		});
		for (const end of [onward, socket]) end.on("error", () => onward.destroy());
	});
	await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
	t.teardown(() => proxy.close());
	const { server, synced } = await watchServer(t, {
		server: { tls: true },
		cluster: {
			"certificate-authority-data": Buffer.from(certificate("ca.crt")).toString("base64"),
			"proxy-url": `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
		},
	});
	await synced();
	t.deepEqual(tunnels, [`127.0.0.1:${server.port}`]);
});

test("A credential plugin is run once, and again when its token expired or was refused", async (t) => {
	const directory = await temporaryDirectory(t);
	const plugin = join(directory, "plugin");
	// Counts its runs in a file and gives the count as the token.
	const script = `#!/bin/sh
echo run >> "${directory}/runs"
n=$(wc -l < "${directory}/runs")
case $n in 1) expires='"2026-11-20T12:10:00Z"' ;; *) expires=null ;; esac
printf '%s' "$KUBERNETES_EXEC_INFO" > "${directory}/info"
printf '{"kind":"ExecCredential","status":{"token":"%s-%s","expirationTimestamp":%s}}' "$PREFIX" "$n" "$expires"
`;
	await writeFile(plugin, script);
	await chmod(plugin, 0o755);
	const { server, clock, synced, addService } = await watchServer(t, {
		user: {
			exec: {
				apiVersion: "client.authentication.k8s.io/v1",
				command: plugin,
				env: [{ name: "PREFIX", value: "token" }],
			},
		},
		prepare: (server) => server.store.set(serviceNamed("first")),
	});
	await synced();
	const rewatch = async (name: string): Promise<string | undefined> => {
		for (const watch of server.watches) watch.close();
		await addService(name);
		return server.requests.at(-1)?.authorization;
	};
	t.is(server.requests.at(-1)?.authorization, "Bearer token-1");
	clock.advance(120_000);
	t.is(await rewatch("a"), "Bearer token-1", "it is still good");
	clock.advance(600_000);
	t.is(await rewatch("b"), "Bearer token-2", "the first has expired");
	server.setTokens(["token-3"]);
	t.is(await rewatch("c"), "Bearer token-3", "the second was refused");
});

test("A credential plugin that fails is tried again, and its last words are the problem", async (t) => {
	const directory = await temporaryDirectory(t);
	const plugin = join(directory, "plugin");
	const script = `#!/bin/sh
test -e "${directory}/ready" || { echo "no network yet" >&2; exit 3; }
echo '{"status":{"token":"x"}}'
`;
	await writeFile(plugin, script);
	await chmod(plugin, 0o755);
	const { source } = await watchServer(t, {
		source: { connection: { kubeconfig: { path: await pluginKubeconfig(directory) } } },
	});
	await until("the problem", () => source.status().problems.length > 0);
	t.regex(source.status().problems[0] ?? "", /the credential plugin .*\/plugin ended with 3: no network yet/);
	await writeFile(join(directory, "ready"), "");
	await until("the next obstacle: no server", () => /no answer/.test(source.status().problems[0] ?? ""));
	t.pass();
});

/** A kubeconfig beside the plugin, so that its relative path counts from there; the server refuses connections. */
async function pluginKubeconfig(directory: string): Promise<string> {
	const path = join(directory, "kubeconfig");
	const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "./plugin" };
	const config = {
		"current-context": "test",
		contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
		clusters: [{ name: "test", cluster: { server: `http://127.0.0.1:${await freePort()}` } }],
		users: [{ name: "test", user: { exec } }],
	};
	await writeFile(path, JSON.stringify(config));
	return path;
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
	const { port } = server.address() as AddressInfo;
	await new Promise((done) => server.close(done));
	return port;
}
