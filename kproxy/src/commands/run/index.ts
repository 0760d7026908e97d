import { defineCommand } from "../command.ts";
import { runOptions } from "./options.ts";

export const runCommand = defineCommand({
	name: "run",
	description: "Run the node daemon: watch Services and keep the kernel in step",
	options: runOptions,
	examples: [
		["run --manifests ./examples", "Serve the manifests of a directory; no API server needed"],
		["run --kubeconfig ~/.kube/config", "Serve the Services of a cluster"],
		["run --config /var/lib/kube-proxy/config.conf", "Take over kube-proxy's configuration as it is"],
		["run", "In a pod: serve the cluster the pod belongs to"],
		["run --manifests ./examples --once", "Write the Services into the kernel, leave them there and exit"],
	],
	load: async () => (await import("./handler.ts")).runDaemon,
});
