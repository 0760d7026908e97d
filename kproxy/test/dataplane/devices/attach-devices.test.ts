import test from "ava";
import { BpfError, type Program } from "bpf-loader";
import {
	attachDevices,
	type DeviceHooks,
	type HeldHook,
} from "../../../src/dataplane/devices/attach-devices.ts";
import type { ClassifiedDevice } from "../../../src/dataplane/devices/classify.ts";
import { deviceProblems } from "../../../src/dataplane/devices/device-problems.ts";
import { programs } from "../../../src/dataplane/generated/tc.ts";
import type { PacketPrograms } from "../../../src/dataplane/load-objects.ts";

const POD: ClassifiedDevice = { ifindex: 3, name: "pod1", class: "pod" };
const NODE: ClassifiedDevice = { ifindex: 2, name: "eth0", class: "node" };

/** Programs with numbers and nothing else. */
const PROGRAMS = Object.fromEntries(
	Object.keys(programs).map((name, index) => [name, { info: () => ({ id: index + 1 }) } as Program]),
) as PacketPrograms;

const failure = (code: string) => new BpfError("no", { code, operation: "attach", object: "program" });

/** Hooks that note what is done; `refuses` throws for a device. */
function fakeHooks(held: Omit<HeldHook, "detach">[] = [], refuses: Record<number, string> = {}) {
	const done: string[] = [];
	const hooks: DeviceHooks = {
		attach({ ifindex, program }) {
			const code = refuses[ifindex];
			if (code !== undefined) throw failure(code);
			done.push(`attach ${program} ${ifindex}`);
			return "attached";
		},
		held: () =>
			held.map((each) => ({
				...each,
				detach: () => void done.push(`detach ${each.program ?? each.direction} ${each.ifindex}`),
			})),
	};
	return { hooks, done };
}

test("Answers come before questions: egress of all devices before ingress of any, pods before the node", (t) => {
	const { hooks, done } = fakeHooks();
	const { outcomes, failures } = attachDevices([NODE, POD], { hooks, programs: PROGRAMS });
	t.deepEqual(done, [
		"attach tc_pod_egress 3",
		"attach tc_node_egress 2",
		"attach tc_pod_ingress 3",
		"attach tc_node_ingress 2",
	]);
	t.deepEqual([outcomes.attached, failures.length], [4, 0]);
});

test("What is new is attached before what is old goes, of a device that changes its class", (t) => {
	const { hooks, done } = fakeHooks([
		{ ifindex: 3, direction: "ingress", program: "tc_node_ingress" },
		{ ifindex: 3, direction: "egress", program: "tc_node_egress" },
		{ ifindex: 3, direction: "egress", program: "tc_pod_egress" },
	]);
	attachDevices([POD], { hooks, programs: PROGRAMS });
	t.deepEqual(done.slice(2), ["detach tc_node_ingress 3", "detach tc_node_egress 3"]);
});

test("What is known by its place only goes with its device, not with the class", (t) => {
	const { hooks, done } = fakeHooks([
		{ ifindex: 3, direction: "ingress" },
		{ ifindex: 9, direction: "ingress" },
	]);
	attachDevices([POD], { hooks, programs: PROGRAMS });
	t.deepEqual(done.slice(2), ["detach ingress 9"]);
});

test("A device that fails keeps what it has, and keeps no other from its programs", (t) => {
	const held = { ifindex: 2, direction: "ingress", program: "tc_pod_ingress" } as const;
	const { hooks, done } = fakeHooks([held], { 2: "ATTACH_REFUSED" });
	const result = attachDevices([NODE, POD], { hooks, programs: PROGRAMS });
	t.deepEqual(done, ["attach tc_pod_egress 3", "attach tc_pod_ingress 3"]);
	t.deepEqual(
		result.failures.map(({ ifindex }) => ifindex),
		[2, 2],
	);
	t.deepEqual(deviceProblems({ devices: [NODE, POD], headerless: [] }, result), [
		{
			id: "device eth0 DEVICE_FAILED",
			object: "device eth0",
			code: "DEVICE_FAILED",
			message: "device eth0: no; its packets are not translated, and it is tried again",
		},
	]);
});

test("A device that vanished meanwhile is no failure", (t) => {
	const { hooks } = fakeHooks([], { 3: "DEVICE_MISSING" });
	t.deepEqual(attachDevices([POD], { hooks, programs: PROGRAMS }).failures, []);
});

test("Devices without a link header are one problem that names them", (t) => {
	const problems = deviceProblems(
		{ devices: [], headerless: ["wg0", "tun1"] },
		{ outcomes: { kept: 0, updated: 0, attached: 0, detached: 0 }, failures: [] },
	);
	t.like(problems, { length: 1, 0: { code: "DEVICE_UNSUPPORTED" } });
	t.regex(problems[0]?.message ?? "", /packets of wg0, tun1 have no link header/);
});
