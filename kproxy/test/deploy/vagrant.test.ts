import { existsSync, readFileSync } from "node:fs";
import { BlockList } from "node:net";
import test from "ava";
import { parseAllDocuments } from "yaml";
import { mapConfig } from "../../src/config/map-config.ts";
import { parseConfig } from "../../src/config/parse-config.ts";

interface Document {
	kind: string;
	apiVersion: string;
	metadata: { name: string; namespace: string };
	data: Record<string, string>;
	skipPhases: string[];
	proxy: { disabled: boolean };
	localAPIEndpoint: { advertiseAddress: string };
	controlPlaneEndpoint: string;
	networking: { podSubnet: string; serviceSubnet: string };
	clusters: { cluster: { server: string } }[];
}

interface NetworkList {
	cniVersion: string;
	plugins: { type: string; ipam: { ranges: { subnet: string }[][] } }[];
}

const directory = new URL("../../../vagrant/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, directory), "utf8");

/** The documents of a YAML text, all of them well formed. */
function documents(text: string): Document[] {
	return [...parseAllDocuments(text)].map((document) => {
		const [error] = document.errors;
		if (error) throw error;
		return document.toJS() as Document;
	});
}

const vagrantfile = read("Vagrantfile");
const [init, cluster] = documents(read("cluster/kubeadm.yaml"));
const [map] = documents(read("cluster/kube-proxy.yaml"));
const scripts = ["node", "network", "control-plane", "worker"].map((name) => `cluster/${name}.sh`);

test("Every file that the Vagrantfile and its scripts name is there", (t) => {
	const roles = ["control-plane", "worker"].map((role) => `cluster/${role}.sh`);
	const named = [...vagrantfile.matchAll(/path: "(cluster\/[^"#]+)"/g)].map(([, path = ""]) => path);
	t.deepEqual([...named, ...roles].sort(), [...scripts].sort());
	for (const script of scripts) {
		const text = read(script);
		t.regex(text, /^set -euo pipefail$/m, script);
		const inCluster = text.matchAll(/(?:vagrant\/cluster\/|\s)([a-z-]+\.(?:toml|conflist|yaml|nft))\b/g);
		for (const [, file = ""] of inCluster) t.true(existsSync(new URL(`cluster/${file}`, directory)), file);
		const inDeploy = text.matchAll(/kproxy\/deploy\/(\w[\w.]*)/g);
		for (const [, file = ""] of inDeploy)
			t.true(existsSync(new URL(`../../deploy/${file}`, import.meta.url)), file);
	}
	t.regex(vagrantfile, /inline: "\/kproxy\/scripts\/setup"/);
});

test("kubeadm makes a cluster without kube-proxy, now and when it is upgraded", (t) => {
	t.deepEqual([init?.kind, cluster?.kind], ["InitConfiguration", "ClusterConfiguration"]);
	t.deepEqual([init?.apiVersion, cluster?.apiVersion], Array(2).fill("kubeadm.k8s.io/v1beta4"));
	t.deepEqual(init?.skipPhases, ["addon/kube-proxy"]);
	t.true(cluster?.proxy.disabled);
});

test("kubeadm, pods' networks, routes and kproxy agree on where pods are, and Services are elsewhere", (t) => {
	const { podSubnet = "", serviceSubnet = "" } = cluster?.networking ?? {};
	t.is(podSubnet, "10.244.0.0/16");
	const { flags, ignored } = mapConfig(parseConfig(map?.data["config.conf"] ?? "", "f"), "f");
	t.deepEqual(flags["cluster-cidr"], [podSubnet]);
	t.deepEqual(ignored, []);

	const { plugins, cniVersion } = JSON.parse(read("cluster/pods.conflist")) as NetworkList;
	t.is(cniVersion, "1.0.0");
	t.deepEqual(plugins[0]?.ipam.ranges, [[{ subnet: "10.244.NODE.0/24" }]]);
	t.regex(read("cluster/network.sh"), /"10\.244\.\$number\.0\/24"/);
	const [, list = ""] = /^NODES = \{(.*)\}/m.exec(vagrantfile) ?? [];
	const numbers = [...list.matchAll(/=> (\d+)/g)].map(([, number]) => Number(number));
	t.deepEqual(numbers, [0, 1, 2]);

	t.true(contains(podSubnet, "10.244.2.255"));
	t.false(contains(serviceSubnet, podSubnet.split("/")[0] ?? ""));
	t.false(contains(podSubnet, serviceSubnet.split("/")[0] ?? ""));
	for (const subnet of [podSubnet, serviceSubnet]) t.false(contains(subnet, "192.168.56.10"));
});

test("kproxy, workers and kubeadm reach the control plane at the address that Vagrant gives it", (t) => {
	const address = "192.168.56.10";
	t.regex(vagrantfile, /"control-plane" => 0/);
	t.regex(vagrantfile, /ip: "192\.168\.56\.1#\{number\}"/);
	t.is(init?.localAPIEndpoint.advertiseAddress, address);
	t.is(cluster?.controlPlaneEndpoint, `${address}:6443`);
	const [kubeconfig] = documents(map?.data["kubeconfig.conf"] ?? "");
	t.is(kubeconfig?.clusters[0]?.cluster.server, `https://${address}:6443`);
	t.regex(read("cluster/worker.sh"), /^control_plane=http:\/\/192\.168\.56\.10:8000$/m);
	t.regex(read("cluster/control-plane.sh"), /^address=192\.168\.56\.10$/m);
});

test("The ConfigMap is the one that the DaemonSet mounts, with the file that it is told to read", (t) => {
	t.like(map, { kind: "ConfigMap", metadata: { name: "kube-proxy", namespace: "kube-system" } });
	const daemonSet = readFileSync(new URL("../../deploy/daemonset.yaml", import.meta.url), "utf8");
	t.regex(daemonSet, /--config=\/var\/lib\/kube-proxy\/config\.conf/);
	t.regex(daemonSet, /configMap:\s+name: kube-proxy/);
});

test("Pods leave by no source port that kproxy translates to", (t) => {
	const [, last] = /masquerade to :1024-(\d+)/.exec(read("cluster/masquerade.nft")) ?? [];
	t.is(last, "60999");
});

function contains(cidr: string, address: string): boolean {
	const [network = "", length] = cidr.split("/");
	const block = new BlockList();
	block.addSubnet(network, Number(length), "ipv4");
	return block.check(address, "ipv4");
}
