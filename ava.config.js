import { fileURLToPath } from "node:url";

export default {
	files: ["{loader,maps,kproxy,test-vm}/test/**/*.test.ts"],
	extensions: { ts: "module" },
	nodeArguments: ["--conditions=source"],
	workerThreads: false,
	// Half of what a process takes to start; every test file is one, and so are daemons and agents.
	environmentVariables: {
		NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/kproxy-tests", import.meta.url)),
	},
	concurrency: 1,
	timeout: "5m",
};
