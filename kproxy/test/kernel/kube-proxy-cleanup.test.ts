import test from "ava";
import { cleanKubeProxy } from "../../src/commands/cleanup/clean-kube-proxy.ts";
import { type SystemView, systemView } from "../../src/commands/cleanup/system-view.ts";
import { checkLeftovers } from "../../src/commands/doctor/leftover-checks.ts";
import { fakeTerminal } from "../commands/fake-terminal.ts";
import { createLab, type Lab, sweepLabs } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespaces.ts";

const VARIANTS = ["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"] as const;
type Variant = (typeof VARIANTS)[number];

/** What the kubelet, a CNI and the operator have; all of it must stay as it is. */
const foreign = (backend: string) => `*mangle
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-IPTABLES-HINT - [0:0]
COMMIT
*nat
:CNI-HOSTPORT-DNAT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "hostport for -j KUBE-SERVICES" -m tcp --dport 8080 -j DNAT --to-destination ${backend}
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:KUBE-FIREWALL - [0:0]
:KUBE-ROUTER-INPUT - [0:0]
:MY-RULES - [0:0]
-A INPUT -j KUBE-FIREWALL
-A INPUT -m comment --comment "kubernetes is mine too" -j MY-RULES
-A FORWARD -j KUBE-ROUTER-INPUT
-A MY-RULES -p tcp -m tcp --dport 22 -j ACCEPT
-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
`;

/** As kube-proxy's iptables mode writes it for one Service with two endpoints. */
const kubeProxy = (cluster: string, backend: string) => `*mangle
:KUBE-PROXY-CANARY - [0:0]
COMMIT
*nat
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-SVC-TCOU7JCQXEZGVUNU - [0:0]
:KUBE-SEP-2YK25IKHEHP7G5SD - [0:0]
:KUBE-SEP-3JOIVZTXZZRGORX4 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -d ${cluster} -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-TCOU7JCQXEZGVUNU
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SVC-TCOU7JCQXEZGVUNU -m comment --comment "kube-system/kube-dns:dns -> a" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-2YK25IKHEHP7G5SD
-A KUBE-SVC-TCOU7JCQXEZGVUNU -m comment --comment "kube-system/kube-dns:dns -> b" -j KUBE-SEP-3JOIVZTXZZRGORX4
-A KUBE-SEP-2YK25IKHEHP7G5SD -p udp -m udp -j DNAT --to-destination ${backend}
-A KUBE-SEP-3JOIVZTXZZRGORX4 -p udp -m udp -j DNAT --to-destination ${backend}
COMMIT
*filter
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
`;

const NFT = (family: string) => `table ${family} kube-proxy {
	map service-ips {
		type ipv4_addr . inet_proto . inet_service : verdict
	}
	chain services {
	}
	chain nat-prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		jump services
	}
}
`;
const NFT_FOREIGN = `table inet filter {
	chain input {
		type filter hook input priority 0; policy accept;
		tcp dport 22 accept
	}
}
`;

let lab: Lab;

test.before(() => {
	sweepLabs();
	lab = createLab("kpcleanup");
});
test.after.always(() => lab?.close());

/** The system as a process in that namespace sees it. */
function viewOf({ path }: Namespace): SystemView {
	const run: SystemView["run"] = (program, args, input) =>
		systemView.run("nsenter", [`--net=${path}`, "--", program, ...args], input);
	// The list of legacy tables is the namespace's own, and no kube-proxy of the machine is this test's matter.
	const tables: Record<string, string> = {
		"/proc/net/ip_tables_names": "nat",
		"/proc/net/ip6_tables_names": "nat",
	};
	return { run, read: (file) => tables[file] };
}

const options = {
	"kube-proxy": true,
	"dry-run": false,
	yes: true,
	force: false,
	bpffs: "",
	output: "table",
} as const;

/**
 * All rules there are, without times and counters. nft is asked for its own tables only: in those of iptables a built-in
 * chain stays once a rule has been in it, which `iptables-save` shows from the beginning.
 */
async function ruleset({ run }: SystemView): Promise<string> {
	const texts = [];
	for (const variant of VARIANTS) texts.push(variant, await run(`${variant}-save`, []));
	texts.push(await run("nft", ["list", "tables"]), await run("nft", ["list", "table", "inet", "filter"]));
	return texts
		.join("\n")
		.replace(/^#.*\n/gm, "")
		.replace(/\[\d+:\d+\]/g, "[0:0]");
}

const backendOf = (variant: Variant) => (variant.startsWith("ip6") ? "[fd00:10:244::2]:53" : "10.244.0.2:53");
const clusterOf = (variant: Variant) => (variant.startsWith("ip6") ? "fd00:10:96::a/128" : "10.96.0.10/32");

async function putForeign({ run }: SystemView): Promise<void> {
	for (const variant of VARIANTS) await run(`${variant}-restore`, ["--noflush"], foreign(backendOf(variant)));
	await run("nft", ["-f", "-"], NFT_FOREIGN);
}

async function putKubeProxy({ run }: SystemView): Promise<void> {
	for (const variant of VARIANTS) {
		const rules = kubeProxy(clusterOf(variant), backendOf(variant));
		await run(`${variant}-restore`, ["--noflush"], rules);
	}
	await run("nft", ["-f", "-"], NFT("ip"));
}

test.serial(
	"Rules of kube-proxy go, in every iptables and in nft, and those of others stay byte for byte",
	async (t) => {
		const view = viewOf(lab.namespace("all"));
		await putForeign(view);
		const before = await ruleset(view);
		await putKubeProxy(view);
		t.not(await ruleset(view), before);
		const terminal = fakeTerminal();
		t.is(await cleanKubeProxy(options, terminal, view), 0);
		t.is(await ruleset(view), before);
		t.regex(
			terminal.stdout,
			/^delete rule {8}iptables-nft nat: -A OUTPUT .*"kubernetes service portals" -j KUBE-SERVICES$/m,
		);
		t.regex(
			terminal.stdout,
			/^delete chain {7}ip6tables-legacy nat: KUBE-SEP-2YK25IKHEHP7G5SD with 1 rules$/m,
		);
		t.regex(terminal.stdout, /^delete table {7}nft ip kube-proxy$/m);
		t.regex(terminal.stdout, /removed\n$/);
		const again = fakeTerminal();
		t.is(await cleanKubeProxy(options, again, view), 0);
		t.is(again.stdout, "nothing of kube-proxy is in this network namespace\n");
	},
);

for (const { title, values, terminal, code } of [
	{ title: "--dry-run shows", values: { "dry-run": true, yes: false }, terminal: fakeTerminal(), code: 0 },
	{
		title: "A person who says no keeps all",
		values: { yes: false },
		terminal: fakeTerminal({ answers: ["n"] }),
		code: 1,
	},
]) {
	test.serial(`${title} and nothing changes`, async (t) => {
		const view = viewOf(lab.namespace(`kept-${code}`));
		await putForeign(view);
		await putKubeProxy(view);
		const before = await ruleset(view);
		t.is(Number(await cleanKubeProxy({ ...options, ...values }, terminal, view)), code);
		t.is(await ruleset(view), before);
		t.regex(terminal.stdout, /delete table/);
	});
}

test.serial("A chain that rules of others use stays, and they with it", async (t) => {
	const view = viewOf(lab.namespace("used"));
	await view.run("iptables-nft-restore", ["--noflush"], kubeProxy("10.96.0.10/32", "10.244.0.2:53"));
	await view.run("iptables-nft", ["-t", "nat", "-N", "MINE"]);
	await view.run("iptables-nft", ["-t", "nat", "-A", "MINE", "-j", "KUBE-MARK-MASQ"]);
	const terminal = fakeTerminal();
	await cleanKubeProxy(options, terminal, view);
	t.regex(terminal.stdout, /^keep chain .*KUBE-MARK-MASQ: rules of others lead there$/m);
	const nat = await view.run("iptables-nft-save", ["-t", "nat"]);
	t.regex(nat, /-A MINE -j KUBE-MARK-MASQ/);
	t.regex(nat, /-A POSTROUTING .*-j KUBE-POSTROUTING/);
	t.notRegex(nat, /KUBE-SERVICES|KUBE-SVC/);
});

test.serial("The device of the IPVS mode goes", async (t) => {
	const namespace = lab.namespace("ipvs");
	namespace.ip(["link add kube-ipvs0 type veth peer name other"]);
	await cleanKubeProxy(options, fakeTerminal(), viewOf(namespace));
	await t.throwsAsync(viewOf(namespace).run("ip", ["link", "show", "dev", "kube-ipvs0"]));
});

test.serial("doctor finds what cleanup would remove, and nothing of the kubelet's", async (t) => {
	const view = viewOf(lab.namespace("doctor"));
	const found = async () =>
		(await checkLeftovers({ ...view, processes: () => [] }))
			.filter(({ level }) => level === "warn")
			.map(({ name, found: text }) => `${name}: ${text}`);
	await putForeign(view);
	t.deepEqual(await found(), []);
	await putKubeProxy(view);
	t.deepEqual(await found(), [
		"kube-proxy rules (iptables-nft): 15 chains, 7 jumps to them",
		"kube-proxy rules (ip6tables-nft): 15 chains, 7 jumps to them",
		"kube-proxy rules (iptables-legacy): 15 chains, 7 jumps to them",
		"kube-proxy rules (ip6tables-legacy): 15 chains, 7 jumps to them",
		"kube-proxy rules (nft): table ip kube-proxy",
	]);
});
