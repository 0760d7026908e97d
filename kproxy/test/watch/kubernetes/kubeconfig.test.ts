import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { kubeconfigConnection } from "../../../src/watch/kubernetes/kubeconfig.ts";
import { certificate } from "../../api-server/server.ts";
import { temporaryDirectory } from "./watched-server.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

const GOOD = `
apiVersion: v1
kind: Config
current-context: prod
contexts:
- name: prod
  context: {cluster: east, user: daemon}
- name: lab
  context: {cluster: lab, user: ""}
clusters:
- name: east
  cluster:
    server: https://api.example:6443/clusters/c-1/
    certificate-authority: pki/ca.crt
    tls-server-name: kubernetes
    proxy-url: http://proxy.example:3128
- name: lab
  cluster: {server: "http://127.0.0.1:8001", insecure-skip-tls-verify: true}
users:
- name: daemon
  user:
    client-certificate-data: ${base64(certificate("client.crt"))}
    client-key: pki/client.key
    token: from-the-file
`;

async function directoryWith(
	t: Parameters<typeof temporaryDirectory>[0],
	files: Record<string, string>,
): Promise<string> {
	const directory = await temporaryDirectory(t);
	for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
	return directory;
}

test("Everything that a connection needs is read, paths from where the file lies", async (t) => {
	const directory = await directoryWith(t, {
		config: GOOD.replaceAll("pki/", ""),
		"ca.crt": certificate("ca.crt"),
		"client.key": certificate("client.key"),
	});
	const reader = kubeconfigConnection({ path: join(directory, "config") });
	t.deepEqual(await reader.read(false), {
		server: "https://api.example:6443/clusters/c-1",
		tls: {
			ca: certificate("ca.crt"),
			cert: certificate("client.crt"),
			key: certificate("client.key"),
			serverName: "kubernetes",
			insecure: false,
		},
		authorization: "Bearer from-the-file",
		proxy: "http://proxy.example:3128/",
	});
});

test("Another context than the current one can be named", async (t) => {
	const directory = await directoryWith(t, { config: GOOD });
	const reader = kubeconfigConnection({ path: join(directory, "config"), context: "lab" });
	t.like(await reader.read(false), {
		server: "http://127.0.0.1:8001",
		tls: { insecure: true },
		authorization: undefined,
	});
});

test("Of several files the first that has something counts, and missing ones are left out", async (t) => {
	const directory = await directoryWith(t, {
		one: "contexts: [{name: prod, context: {cluster: east, user: mine}}]\nusers: [{name: mine, user: {token: first}}]",
		two: "current-context: prod\nusers: [{name: mine, user: {token: second}}]\nclusters: [{name: east, cluster: {server: 'https://two:1'}}]",
		three: "current-context: other\nclusters: [{name: east, cluster: {server: 'https://three:1'}}]",
	});
	const path = ["missing", "one", "two", "three"].map((name) => join(directory, name)).join(":");
	t.like(await kubeconfigConnection({ path }).read(false), {
		server: "https://two:1",
		authorization: "Bearer first",
	});
});

const users: readonly { what: string; user: string; authorization: string | undefined }[] = [
	{
		what: "A token file counts more than a token",
		user: "{tokenFile: token, token: y}",
		authorization: "Bearer fresh",
	},
	{
		what: "A user name and password still work",
		user: "{username: a, password: b}",
		authorization: "Basic YTpi",
	},
	{ what: "A user may have nothing", user: "{}", authorization: undefined },
];

for (const { what, user, authorization } of users) {
	test(what, async (t) => {
		const directory = await directoryWith(t, { config: minimal({ user }), token: "fresh\n" });
		const connection = await kubeconfigConnection({ path: join(directory, "config") }).read(false);
		t.is(connection.authorization, authorization);
	});
}

const EXEC = "client.authentication.k8s.io/v1";

const bad: readonly { what: string; config?: string; message: RegExp; hint?: RegExp; context?: string }[] = [
	{ what: "a missing file", message: /kubeconfig .*config: no such file/, hint: /give the path/ },
	{ what: "a file that is not YAML", config: "a: [1", message: /config: not YAML: .*line 1/ },
	{
		what: "a file of text",
		config: "hello",
		message: /not a kubeconfig: it has no clusters, users and contexts/,
	},
	{
		what: "no current context",
		config: minimal({ current: "" }),
		message: /no current-context is set/,
		hint: /it has prod/,
	},
	{
		what: "a context that is not there",
		config: minimal({}),
		context: "nope",
		message: /there is no context "nope"/,
		hint: /it has prod/,
	},
	{
		what: "a cluster that is not there",
		config: minimal({}).replace("cluster: east,", "cluster: west,"),
		message: /names the cluster "west", which is not there/,
	},
	{
		what: "a user that is not there",
		config: minimal({}).replace("user: mine}", "user: yours}"),
		message: /names the user "yours", which is not there/,
	},
	{
		what: "a cluster without a server",
		config: minimal({ cluster: "{}" }),
		message: /the cluster has no server/,
	},
	{
		what: "a server that is no URL",
		config: minimal({ cluster: "{server: 'https://[::1'}" }),
		message: /server "https:\/\/\[::1" is not a URL/,
	},
	{
		what: "a SOCKS proxy",
		config: minimal({ cluster: "{server: 'https://x', proxy-url: 'socks5://y:1'}" }),
		message: /proxy-url "socks5:\/\/y:1": socks5:\/\/ is not supported/,
		hint: /use http:\/\/ or https:\/\//,
	},
	{
		what: "certificate data that is not PEM",
		config: minimal({ cluster: "{server: 'https://x', certificate-authority-data: AAAA}" }),
		message: /certificate-authority-data is not PEM in base64/,
	},
	{
		what: "a certificate file that is missing",
		config: minimal({ cluster: "{server: 'https://x', certificate-authority: nope.crt}" }),
		message: /certificate-authority: cannot read .*nope.crt: ENOENT/,
	},
	{
		what: "a client certificate without a key",
		config: minimal({ user: `{client-certificate-data: ${base64(certificate("client.crt"))}}` }),
		message: /has a client certificate but no client key/,
	},
	{
		what: "a token file that is missing",
		config: minimal({ user: "{tokenFile: nope}" }),
		message: /tokenFile: cannot read .*nope: ENOENT/,
	},
	{
		what: "an auth provider of old",
		config: minimal({ user: "{auth-provider: {name: gcp}}" }),
		message: /the user's auth-provider is not supported/,
		hint: /exec plugin/,
	},
	{
		what: "impersonation",
		config: minimal({ user: "{as: root}" }),
		message: /the user's as is not supported/,
	},
	{
		what: "a credential plugin that is not installed",
		config: minimal({
			user: `{exec: {apiVersion: ${EXEC}, command: no-such-plugin-here, installHint: get it}}`,
		}),
		message: /the credential plugin no-such-plugin-here is not installed/,
		hint: /get it/,
	},
	{
		what: "a credential plugin of an unknown version",
		config: minimal({ user: "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}" }),
		message: /exec.apiVersion client.authentication.k8s.io\/v1alpha1 is not supported/,
	},
	{
		what: "a credential plugin that wants a terminal",
		config: minimal({ user: `{exec: {apiVersion: ${EXEC}, command: x, interactiveMode: Always}}` }),
		message: /the plugin x wants a terminal/,
	},
	{
		what: "a credential plugin that prints no JSON",
		config: minimal({ user: `{exec: {apiVersion: ${EXEC}, command: /bin/echo, args: [hello]}}` }),
		message: /\/bin\/echo did not print JSON/,
	},
	{
		what: "a credential plugin that gives nothing",
		config: minimal({ user: `{exec: {apiVersion: ${EXEC}, command: /bin/echo, args: ['{}']}}` }),
		message: /\/bin\/echo gave neither a token nor a certificate/,
	},
	{
		what: "a credential plugin that hangs",
		config: minimal({ user: `{exec: {apiVersion: ${EXEC}, command: /bin/sleep, args: ['60']}}` }),
		message: /\/bin\/sleep did not finish in 0.05 s/,
	},
	{
		what: "an entry without a name",
		config: "clusters: [{cluster: {server: x}}]",
		message: /clusters\[0\] has no name/,
	},
	{
		what: "an entry without content",
		config: "users: [{name: me}]",
		message: /users entry "me" has no user/,
	},
	{ what: "contexts that are no list", config: "contexts: {a: b}", message: /contexts must be a list/ },
];

for (const { what, config, context, message, hint } of bad) {
	test(`A kubeconfig with ${what} is refused in one clear line`, async (t) => {
		const directory = await directoryWith(t, config === undefined ? {} : { config });
		const options = {
			path: join(directory, "config"),
			context,
			environment: { PATH: "/bin" },
			execTimeoutMs: message.source.includes("did not finish") ? 50 : 20_000,
		};
		const error = await t.throwsAsync(kubeconfigConnection(options).read(false));
		t.regex(error?.message ?? "", message);
		t.notRegex(error?.message ?? "", /\n/);
		if (hint !== undefined) t.regex((error as { hint?: string }).hint ?? "", hint);
	});
}

function minimal(parts: { current?: string; cluster?: string; user?: string }): string {
	return `current-context: "${parts.current ?? "prod"}"
contexts: [{name: prod, context: {cluster: east, user: mine}}]
clusters: [{name: east, cluster: ${parts.cluster ?? "{server: 'https://x'}"}}]
users: [{name: mine, user: ${parts.user ?? "{}"}}]
`;
}
