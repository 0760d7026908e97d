import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Daemon, SOURCE } from "../lab/daemon.ts";
import { createLab, sweepLabs } from "../lab/lab.ts";
import { ManifestDirectory } from "../lab/manifests.ts";
import { createNode } from "../lab/node.ts";
import { run } from "../lab/run.ts";

const CONFIG = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clusterCIDR: 10.244.0.0/16,fd00:10:244::/56
clientConnection: { kubeconfig: /var/lib/kube-proxy/kubeconfig.conf }
conntrack: { maxPerCore: 32768, min: null }
healthzBindAddress: 127.0.0.1:7001
hostnameOverride: Worker-1
`;

test.before(() => sweepLabs());

test.serial(
	"The daemon takes kube-proxy's configuration, reserves the NodePorts, and cleanup gives them back",
	async (t) => {
		const lab = createLab("dropin");
		t.teardown(() => lab.close());
		const { namespace } = createNode(lab);
		const inside = (...command: string[]) => run("nsenter", [`--net=${namespace.path}`, "--", ...command]);
		const reserved = () => inside("cat", "/proc/sys/net/ipv4/ip_local_reserved_ports").trim();
		const config = join(lab.directory, "config.conf");
		writeFileSync(config, CONFIG);
		const manifests = new ManifestDirectory(lab);
		const args = ["--manifests", manifests.path, "--config", config];
		const daemon = new Daemon(lab, { namespace, args });
		await daemon.synced();
		const ignored = daemon.lines.find(({ msg }) => msg.startsWith("fields of the configuration"));
		t.deepEqual(ignored?.fields, ["conntrack.maxPerCore"]);
		t.is(daemon.lines.find(({ msg }) => msg === "dataplane ready")?.nodeName, "worker-1");
		t.regex(inside("curl", "-sS", "http://127.0.0.1:7001/healthz"), /"nodeEligible":true/);
		t.is(reserved(), "30000-32767");
		await daemon.end("SIGTERM");
		t.is(reserved(), "30000-32767", "what serves on needs them");
		const said = inside(...SOURCE, "cleanup", "--yes", "--bpffs", lab.bpffs);
		t.regex(said, /^release {12}ports 30000-32767 of net\.ipv4\.ip_local_reserved_ports$/m);
		t.is(reserved(), "");
	},
);
