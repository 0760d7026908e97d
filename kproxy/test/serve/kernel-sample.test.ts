import test from "ava";
import { sampleKernel } from "../../src/serve/kernel-sample.ts";

test("guards are entries of their map, and no frontends", (t) => {
	const use = [
		{ name: "svc_frontends", used: 5, limit: 100, guards: 2 },
		{ name: "svc_backends", used: 7, limit: 100 },
	];
	const { frontends, backends, maps } = sampleKernel(undefined, use);
	t.deepEqual([frontends, backends], [3, 7]);
	t.like(
		maps.find(({ name }) => name === "svc_frontends"),
		{ entries: 5, maxEntries: 100 },
	);
});
