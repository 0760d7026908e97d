import { readNetwork } from "bpf-loader";
import { openPinnedDataplane } from "../../dataplane/pinned-dataplane.ts";
import { isEnforced, openPolicyMaps, type PolicyMaps } from "../../dataplane/policy-maps.ts";
import { describePods, describeRules } from "../../dataplane/policy-view.ts";
import { openTrial } from "../../dataplane/trial.ts";
import { ExitCode, type Handler, type Terminal, usageError } from "../command.ts";
import { formatJson } from "../table.ts";
import { explain } from "./explain.ts";
import { formatExplanation, formatPods, formatRules } from "./format-policy.ts";
import type { policyOptions } from "./options.ts";
import { addressesOf, parseQuestion } from "./parse-question.ts";

export const runPolicy: Handler<typeof policyOptions, "pod"> = async (values, terminal) => {
	const asked: string | undefined = values.pod;
	if (asked !== undefined && values.explain !== undefined) {
		throw usageError("a pod and --explain are two questions", "ask one at a time");
	}
	using dataplane = openPinnedDataplane(values.bpffs);
	const maps = openPolicyMaps(dataplane.handles);
	const json = values.output === "json";
	if (!isEnforced(maps)) {
		terminal.error("kproxy policy: NetworkPolicies are not enforced here: kproxy run --policy does\n");
		if (asked !== undefined || values.explain !== undefined) return ExitCode.FAILED;
	}
	if (values.explain !== undefined) {
		const question = parseQuestion(values.explain.map(String), podAddresses(maps));
		using trial = openTrial(dataplane.handles);
		const explanations = explain(question, { maps, trial });
		terminal.out(json ? formatJson({ explanations }) : explanations.map(formatExplanation).join("\n"));
		if (explanations.some(({ disagreement }) => disagreement !== undefined)) return ExitCode.FAILED;
		return explanations.every(({ allowed }) => allowed) ? ExitCode.OK : ExitCode.DIFFERS;
	}
	if (asked !== undefined) return showPod(maps, asked, { json, terminal });
	const names = new Map(readNetwork().links.map(({ ifindex, name }) => [ifindex, name]));
	const pods = describePods(maps).map((pod) => ({ ...pod, interface: names.get(pod.ifindex) }));
	terminal.out(json ? formatJson({ enforced: isEnforced(maps), pods }) : formatPods(pods));
	return ExitCode.OK;
};

function showPod(
	maps: PolicyMaps,
	name: string,
	{ json, terminal }: { json: boolean; terminal: Terminal },
): ExitCode {
	const addresses = addressesOf(name, podAddresses(maps));
	const entry = addresses.map((address) => maps.pods.get(address)).find((found) => found !== undefined);
	const pod = describePods(maps).find((each) => each.pod === name);
	if (entry === undefined || pod === undefined) {
		throw usageError(
			`pod ${name} is behind no interface of this node`,
			"ask on its own node; kproxy status lists pods that could not be tied",
		);
	}
	const rules = describeRules(maps, entry);
	terminal.out(json ? formatJson({ ...pod, rules }) : formatRules(pod, rules));
	return ExitCode.OK;
}

/** Addresses of every pod that is known, of all nodes. */
function podAddresses({ podNames }: PolicyMaps): Map<string, string[]> {
	const pods = new Map<string, string[]>();
	for (const [address, { namespace, name }] of podNames.entries()) {
		const pod = `${namespace}/${name}`;
		pods.set(
			pod,
			[...(pods.get(pod) ?? []), address].sort((a, b) => a.length - b.length),
		);
	}
	return pods;
}
