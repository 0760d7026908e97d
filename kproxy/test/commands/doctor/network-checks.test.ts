import test from "ava";
import { checkNetwork } from "../../../src/commands/doctor/network-checks.ts";

const RANGES = { nodePorts: { first: 30000, last: 32767 }, snatPorts: { first: 61000, last: 65535 } };
const GOOD: Readonly<Record<string, string>> = {
	"net/ipv4/ip_forward": "1",
	"net/ipv6/conf/all/forwarding": "1",
	"net/ipv4/conf/all/rp_filter": "1",
	"net/ipv4/ip_local_port_range": "32768\t60999",
	"net/ipv4/ip_local_reserved_ports": "",
};

const warnings = (settings: Record<string, string>) =>
	checkNetwork(RANGES, (path) => ({ ...GOOD, ...settings })[path.replace("/proc/sys/", "")])
		.filter(({ level }) => level === "warn")
		.map(({ name, found }) => `${name}: ${found}`);

for (const { title, settings, expected } of [
	{
		title: "A node as distributions set it up has no warning, strict rp_filter included",
		settings: {},
		expected: [],
	},
	{
		title: "A node that does not forward is told so, by family",
		settings: { "net/ipv6/conf/all/forwarding": "0" },
		expected: ["net.ipv6.conf.all.forwarding: 0: this node forwards no packets"],
	},
	{
		title: "Source ports that the kernel gives to sockets, too, are named",
		settings: { "net/ipv4/ip_local_port_range": "32768\t62000" },
		expected: [
			"source ports of translated flows: the kernel gives 61000-62000 to sockets, too (net.ipv4.ip_local_port_range)",
		],
	},
	{
		title: "NodePorts that the kernel gives to sockets, too, are named",
		settings: { "net/ipv4/ip_local_port_range": "31000\t60999" },
		expected: [
			"NodePorts: the kernel gives 31000-32767 to sockets, too, and they are not in net.ipv4.ip_local_reserved_ports",
		],
	},
	{
		title: "Reserved NodePorts are well",
		settings: {
			"net/ipv4/ip_local_port_range": "31000\t60999",
			"net/ipv4/ip_local_reserved_ports": "30000-32767",
		},
		expected: [],
	},
	{
		title: "What cannot be read is no warning",
		settings: { "net/ipv4/ip_local_port_range": "", "net/ipv4/ip_forward": "" },
		expected: [],
	},
]) {
	test(title, (t) => {
		t.deepEqual(warnings(settings), expected);
	});
}
