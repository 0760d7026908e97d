import test from "ava";
import { checkLeftovers, type LeftoverView } from "../../../src/commands/doctor/leftover-checks.ts";

/** `outputs`: what each program prints; a program that is not named is not installed. */
function view(
	outputs: Record<string, string>,
	files: Record<string, string> = {},
	processes: string[] = [],
): LeftoverView {
	return {
		run: async (program) => {
			const output = outputs[program];
			if (output === undefined) throw new Error(`spawn ${program} ENOENT`);
			return output;
		},
		read: (path) => files[path],
		processes: () => processes.map((name, index) => ({ pid: 100 + index, name })),
	};
}

const NONE = { nft: "", "iptables-nft-save": "", "ip6tables-nft-save": "" };
const CHAINS = "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n:KUBE-FIREWALL - [0:0]\nCOMMIT\n";

const warnings = async (seen: LeftoverView) =>
	(await checkLeftovers(seen))
		.filter(({ level }) => level === "warn")
		.map(({ name, found }) => `${name}: ${found}`);

test("A clean node has no warnings", async (t) => {
	t.deepEqual(await warnings(view({ ...NONE, nft: "table inet filter\n" }, {}, ["systemd", "kubelet"])), []);
});

test("A node without nft and iptables is not checked, and says so", async (t) => {
	const checks = await checkLeftovers(view({}));
	t.true(checks.some(({ found }) => found === "not checked: nft is not installed or not allowed"));
	t.true(checks.some(({ found }) => found.startsWith("not checked: iptables-nft-save is not")));
	t.deepEqual(new Set(checks.map(({ level }) => level)), new Set(["ok"]));
});

test("A running kube-proxy is named with its process id", async (t) => {
	t.deepEqual(await warnings(view(NONE, {}, ["init", "kube-proxy"])), ["kube-proxy process: pid 101"]);
});

test("Chains that kube-proxy left are counted, none of the kubelet's", async (t) => {
	t.deepEqual(await warnings(view({ ...NONE, "iptables-nft-save": CHAINS })), [
		"kube-proxy rules (iptables-nft): 2 chains, 0 jumps to them",
	]);
});

test("kube-proxy's nft mode has a table of its own", async (t) => {
	t.deepEqual(await warnings(view({ ...NONE, nft: "table ip6 kube-proxy\ntable ip nat\n" })), [
		"kube-proxy rules (nft): table ip6 kube-proxy",
	]);
});

test("Legacy rules are asked for only where the kernel has legacy tables", async (t) => {
	const rules = { ...NONE, "iptables-legacy-save": CHAINS };
	t.deepEqual(await warnings(view(rules)), []);
	t.deepEqual(await warnings(view(rules, { "/proc/net/ip_tables_names": "nat\n" })), [
		"kube-proxy rules (iptables-legacy): 2 chains, 0 jumps to them",
	]);
});

test("The device of kube-proxy's IPVS mode is found", async (t) => {
	t.deepEqual(await warnings(view({ ...NONE, ip: "5: kube-ipvs0: <BROADCAST,NOARP>\n" })), [
		"kube-proxy device (IPVS): kube-ipvs0",
	]);
});
