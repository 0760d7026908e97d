export default {
	files: ["{loader,maps,kproxy}/test/**/*.test.ts"],
	extensions: { ts: "module" },
	nodeArguments: ["--conditions=source"],
	workerThreads: false,
	concurrency: 1,
	timeout: "5m",
};
