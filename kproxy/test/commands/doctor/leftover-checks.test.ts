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

const warnings = async (seen: LeftoverView) =>
	(await checkLeftovers(seen))
		.filter(({ level }) => level === "warn")
		.map(({ name, found }) => `${name}: ${found}`);

test("A clean node has no warnings", async (t) => {
	t.deepEqual(
		await warnings(view({ nft: "table inet filter {\n\tchain input {\n" }, {}, ["systemd", "kubelet"])),
		[],
	);
});

test("A node without nft is not checked, and says so", async (t) => {
	const checks = await checkLeftovers(view({}));
	t.true(checks.some(({ found }) => found.startsWith("not checked: nft is not installed")));
	t.deepEqual(new Set(checks.map(({ level }) => level)), new Set(["ok"]));
});

test("A running kube-proxy is named with its process id", async (t) => {
	t.deepEqual(await warnings(view({ nft: "" }, {}, ["init", "kube-proxy"])), ["kube-proxy process: pid 101"]);
});

test("Chains that kube-proxy left are counted, some of them named, none touched", async (t) => {
	const nft =
		"table ip nat {\n\tchain KUBE-SERVICES {\n\tchain KUBE-NODEPORTS {\n\tchain KUBE-MARK-MASQ {\n\tchain KUBE-SEP-1 {\n";
	t.deepEqual(await warnings(view({ nft })), [
		"kube-proxy rules (nft): 4 chains: KUBE-SERVICES, KUBE-NODEPORTS, KUBE-MARK-MASQ, …",
	]);
});

test("kube-proxy's nft mode has a table of its own", async (t) => {
	t.deepEqual(await warnings(view({ nft: "table ip kube-proxy {\n\tchain services {\n" })), [
		"kube-proxy rules (nft): table ip kube-proxy",
	]);
});

test("Legacy rules are asked for only where the kernel has legacy tables", async (t) => {
	const rules = { nft: "", "iptables-legacy-save": "*nat\n:KUBE-SERVICES - [0:0]\n" };
	t.deepEqual(await warnings(view(rules)), []);
	t.deepEqual(await warnings(view(rules, { "/proc/net/ip_tables_names": "nat\n" })), [
		"kube-proxy rules (iptables-legacy-save): 1 chains: KUBE-SERVICES",
	]);
});

test("The device of kube-proxy's IPVS mode is found", async (t) => {
	t.deepEqual(await warnings(view({ nft: "", ip: "5: kube-ipvs0: <BROADCAST,NOARP>\n" })), [
		"kube-proxy device (IPVS): kube-ipvs0",
	]);
});
