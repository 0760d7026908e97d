import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { parseAllDocuments } from "yaml";
import { commands } from "../../src/commands/list.ts";
import { parseCommandLine } from "../../src/commands/parse.ts";
import { POLICY_KINDS, SERVICE_KINDS } from "../../src/model/objects.ts";
import { version } from "../../src/version.ts";
import { RESOURCES } from "../../src/watch/kubernetes/resources.ts";

interface Rule {
	apiGroups: string[];
	resources: string[];
	verbs: string[];
}

interface Container {
	image: string;
	args: string[];
	ports: { name: string; containerPort: number }[];
	volumeMounts: { name: string; mountPath: string }[];
	securityContext: { capabilities: { drop: string[]; add: string[] } };
	[probe: string]: unknown;
}

interface Manifest {
	kind: string;
	metadata: { name: string; namespace?: string };
	rules: Rule[];
	resources: string[];
	subjects: { name: string }[];
	roleRef: { name: string };
	spec: {
		selector: { matchLabels: object };
		template: {
			metadata: { labels: object };
			spec: {
				hostNetwork: boolean;
				hostPID: boolean;
				priorityClassName: string;
				serviceAccountName: string;
				containers: Container[];
				volumes: { name: string }[];
			};
		};
	};
}

const fileUrl = (name: string) => new URL(`../../deploy/${name}`, import.meta.url);

/** The documents of a file by their kind. */
function read(name: string): Record<string, Manifest> {
	const documents = parseAllDocuments(readFileSync(fileUrl(name), "utf8"));
	const values = (Array.isArray(documents) ? documents : []).map((document) => {
		const [error] = document.errors;
		if (error) throw error;
		return document.toJS() as Manifest;
	});
	return Object.fromEntries(values.map((value) => [value.kind, value]));
}

const pod = read("daemonset.yaml").DaemonSet?.spec.template.spec;
const [container] = pod?.containers ?? [];

test("kustomization.yaml names files that there are, and no image of another version", (t) => {
	const { resources = [] } = read("kustomization.yaml").Kustomization ?? {};
	t.deepEqual(resources, ["rbac.yaml", "daemonset.yaml"]);
	for (const name of resources) t.true(existsSync(fileUrl(name)));
	t.is(container?.image, `kproxy:${version}`);
});

test("RBAC grants list and watch of what the daemon watches, and nothing else", (t) => {
	const { ServiceAccount } = read("rbac.yaml");
	for (const [file, kinds] of [
		["rbac.yaml", SERVICE_KINDS],
		["policy/rbac.yaml", POLICY_KINDS],
	] as const) {
		const { ClusterRole, ClusterRoleBinding } = read(file);
		const granted = (ClusterRole?.rules ?? []).flatMap(({ apiGroups, resources, verbs }) => {
			t.deepEqual(verbs, ["list", "watch"]);
			return apiGroups.flatMap((group) => resources.map((resource) => `${resource}.${group}`));
		});
		const watched = kinds.map((kind) => RESOURCES[kind]).map(({ group, resource }) => `${resource}.${group}`);
		t.deepEqual([...granted].sort(), [...watched].sort());
		t.is(ClusterRoleBinding?.roleRef.name, ClusterRole?.metadata.name);
		t.is(ClusterRoleBinding?.subjects[0]?.name, ServiceAccount?.metadata.name);
	}
	t.is(pod?.serviceAccountName, ServiceAccount?.metadata.name);
});

test("The overlay for policy builds on the plain one and adds a flag that exists", async (t) => {
	const { Kustomization } = read("policy/kustomization.yaml");
	t.deepEqual(Kustomization?.resources, ["..", "rbac.yaml"]);
	const [, flag = ""] =
		/value: (--\S+)/.exec(readFileSync(fileUrl("policy/kustomization.yaml"), "utf8")) ?? [];
	t.is((await parseCommandLine([...(container?.args ?? []), flag], commands, 100)).kind, "command");
});

test("The DaemonSet's command line is one that kproxy understands", async (t) => {
	const parsed = await parseCommandLine(container?.args ?? [], commands, 100);
	t.is(parsed.kind, "command");
});

test("The DaemonSet asks for the probes on the port that it names, and mounts what it has", (t) => {
	const { DaemonSet } = read("daemonset.yaml");
	t.deepEqual(DaemonSet?.spec.selector.matchLabels, DaemonSet?.spec.template.metadata.labels);
	t.deepEqual(container?.ports, [{ name: "healthz", containerPort: 10256 }]);
	for (const [probe, path] of [
		["startupProbe", "/livez"],
		["livenessProbe", "/livez"],
		["readinessProbe", "/healthz"],
	] as const) {
		t.like(container?.[probe], { httpGet: { path, port: "healthz" } });
	}
	t.deepEqual(
		container?.volumeMounts.map(({ name }) => name).sort(),
		pod?.volumes.map(({ name }) => name).sort(),
	);
	t.deepEqual([pod?.hostNetwork, pod?.hostPID, pod?.priorityClassName], [true, true, "system-node-critical"]);
});

test("The DaemonSet has the capabilities that it needs, and drops all others", (t) => {
	t.deepEqual(container?.securityContext.capabilities, {
		drop: ["ALL"],
		add: ["BPF", "NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"],
	});
});

test("Every flag in the deploy files and the page about them exists", (t) => {
	const known = new Set(
		commands.flatMap(({ options }) => Object.keys(options)).concat("help", "version", "verbose"),
	);
	const page = readFileSync(new URL("../../docs/replace-kube-proxy.md", import.meta.url), "utf8");
	const ours = page
		.split("\n")
		.filter((line) => /kproxy (run|doctor|cleanup|status|diff|frontends)\b/.test(line));
	const texts = [readFileSync(fileUrl("daemonset.yaml"), "utf8"), ...ours];
	for (const text of texts) {
		for (const [, flag = ""] of text.matchAll(/(?<![\w-])--([a-z][a-z-]+)/g)) t.true(known.has(flag), flag);
	}
});

test("The image copies what exists, and brings no compiler to the node", (t) => {
	const text = readFileSync(fileUrl("Containerfile"), "utf8");
	const [, runtime = ""] = text.split(/^FROM node:/m);
	t.regex(runtime, /libbpf1/);
	t.notRegex(runtime, /clang|gcc|npm |build-essential/);
	for (const path of ["scripts/setup", "kproxy/bin", "loader/package.json", "maps/package.json"]) {
		t.true(existsSync(new URL(`../../../${path}`, import.meta.url)), path);
	}
});
