import test from "ava";
import { findTableLeftovers, restoreInput } from "../../../src/commands/cleanup/iptables-leftovers.ts";
import { isKubeProxyChain, isKubeProxySet } from "../../../src/commands/cleanup/kube-proxy-names.ts";

const save = (...rules: string[]) =>
	[
		"# Generated",
		"*nat",
		":PREROUTING ACCEPT [7:420]",
		":KUBE-SERVICES - [0:0]",
		":KUBE-MARK-MASQ - [0:0]",
		":KUBE-POSTROUTING - [0:0]",
		":KUBE-KUBELET-CANARY - [0:0]",
		":MINE - [0:0]",
		...rules,
		"COMMIT",
		"",
	].join("\n");

const JUMP = '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES';

test("Chains and jumps of kube-proxy go, each table in one step", (t) => {
	const found = findTableLeftovers(save(JUMP, "-A KUBE-SERVICES -j KUBE-MARK-MASQ", "-A MINE -j ACCEPT"));
	t.is(
		restoreInput(found),
		[
			"*nat",
			'-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
			":KUBE-SERVICES - [0:0]",
			":KUBE-MARK-MASQ - [0:0]",
			":KUBE-POSTROUTING - [0:0]",
			"-X KUBE-SERVICES",
			"-X KUBE-MARK-MASQ",
			"-X KUBE-POSTROUTING",
			"COMMIT",
			"",
		].join("\n"),
	);
	t.deepEqual(found[0]?.chains[0], { name: "KUBE-SERVICES", rules: 1 });
});

for (const [title, rule] of [
	["A chain of others", "-A MINE -j KUBE-MARK-MASQ"],
	["A rule of others in a built-in chain", "-A PREROUTING -p tcp -j KUBE-MARK-MASQ"],
	["A rule of others that goes there", "-A MINE -g KUBE-MARK-MASQ"],
] as const) {
	test(`${title} that leads to the mark keeps it, and the chain that heeds it`, (t) => {
		const [found] = findTableLeftovers(save(JUMP, rule));
		t.deepEqual(found?.kept, ["KUBE-MARK-MASQ", "KUBE-POSTROUTING"]);
		t.deepEqual(
			found?.chains.map(({ name }) => name),
			["KUBE-SERVICES"],
		);
	});
}

test("A comment that reads like a target is none", (t) => {
	const [found] = findTableLeftovers(save('-A MINE -m comment --comment "see -j KUBE-SERVICES" -j ACCEPT'));
	t.deepEqual(found?.kept, []);
});

test("What has nothing of kube-proxy is left out", (t) => {
	t.deepEqual(findTableLeftovers("*nat\n:KUBE-FIREWALL - [0:0]\n:KUBE-ROUTER-INPUT - [0:0]\nCOMMIT\n"), []);
	t.is(restoreInput([]), "");
});

for (const [name, expected] of [
	["KUBE-SERVICES", true],
	["KUBE-SVC-TCOU7JCQXEZGVUNU", true],
	["KUBE-SEP-2YK25IKHEHP7G5SD", true],
	["KUBE-PROXY-CANARY", true],
	["KUBE-FIREWALL", false],
	["KUBE-KUBELET-CANARY", false],
	["KUBE-IPTABLES-HINT", false],
	["KUBE-MARK-DROP", false],
	["KUBE-ROUTER-SERVICES", false],
	["KUBE-SVC-short", false],
	["KUBE-HOSTPORTS", false],
] as const) {
	test(`The chain ${name} is ${expected ? "" : "not "}kube-proxy's`, (t) => {
		t.is(isKubeProxyChain(name), expected);
	});
}

test("Sets of its IPVS mode are known by name", (t) => {
	const names = ["KUBE-CLUSTER-IP", "KUBE-6-LOOP-BACK", "KUBE-NODE-PORT-TCP", "KUBE-DST-ABC", "blocklist"];
	t.deepEqual(names.filter(isKubeProxySet), names.slice(0, 3));
});
