import test from "ava";
import type { SupportReport } from "../../guest/support/report.ts";
import { firstKernels, renderFirstKernels } from "../../support/render-first-kernels.ts";
import { renderSummary, renderSupport } from "../../support/render-support.ts";
import { compareKernels, kernelName, mergeSupport, noSupport } from "../../support/support.ts";

const line = "kernel 5.10.0-35-amd64, tc.bpf.o: the verifier refuses program a at parse.h:12: no";

const oldest: SupportReport = {
	kernel: "5.10.0-35-amd64",
	programs: {
		"clang-14": {
			"tc.bpf.o b": { loads: true, instructions: 12345 },
			"tc.bpf.o a": { refused: "EACCES", line, at: "parse.h:12" },
		},
	},
	features: {
		"tcx links": { fallback: "clsact filters" },
		"SCTP sockets": "works",
		"map type hash": "works",
		"map type arena": { refused: "missing" },
		timers: "works",
	},
};
const newest: SupportReport = {
	kernel: "6.12.48+deb13-amd64",
	programs: {
		"clang-14": {
			"tc.bpf.o a": { loads: true, instructions: 7 },
			"tc.bpf.o b": { loads: true, instructions: 8 },
		},
	},
	features: {
		"tcx links": "works",
		"SCTP sockets": "works",
		"map type hash": "works",
		"map type arena": "works",
		timers: { refused: "EINVAL" },
	},
};
const both = mergeSupport(noSupport, [newest, oldest]);

test("Runs give the same text in any order and as often as they come", (t) => {
	const text = JSON.stringify(both);
	t.is(JSON.stringify(mergeSupport(mergeSupport(noSupport, [oldest]), [newest])), text);
	t.is(JSON.stringify(mergeSupport(both, [oldest, newest, oldest])), text);
	t.deepEqual(Object.keys(both.kernels), ["5.10", "6.12"]);
	t.deepEqual(both.programs["clang-14"]?.["tc.bpf.o a"], {
		"5.10": { refused: "EACCES", at: "parse.h:12" },
		"6.12": 7,
	});
});

test("A run takes the place of all that its kernel answered before", (t) => {
	const again = mergeSupport(both, [
		{ kernel: "5.10.0-36-amd64", programs: {}, features: { "tcx links": "works" } },
	]);
	t.is(again.kernels["5.10"], "5.10.0-36-amd64");
	t.deepEqual(again.features["tcx links"], { "5.10": "works", "6.12": "works" });
	t.deepEqual(again.features["SCTP sockets"], { "6.12": "works" });
	t.deepEqual(again.programs["clang-14"]?.["tc.bpf.o b"], { "6.12": 8 });
});

test("The first kernel of a feature is the one from which on it works everywhere", (t) => {
	t.deepEqual(firstKernels(both), {
		"SCTP sockets": "5.10",
		"map type arena": "6.12",
		"map type hash": "5.10",
		"tcx links": "6.12",
	});
	t.regex(renderFirstKernels(both), /^\t"tcx links": "6\.12",$/m);
});

test("The tables have a column for each kernel, and only the types that some kernel lacks", (t) => {
	const text = renderSupport(both);
	t.regex(text, /^\| feature \| 5\.10 \| 6\.12 \|$/m);
	t.regex(text, /^\| tcx links \| falls back: clsact filters \| works \|$/m);
	t.regex(text, /^\| timers \| works \| no: EINVAL \|$/m);
	t.regex(text, /^\| map type arena \| no: missing \| works \|$/m);
	t.notRegex(text, /map type hash/);
	t.regex(text, /^Compiled by clang 14:$/m);
	t.regex(text, /^\| tc\.bpf\.o a \| \*\*refused\*\*: EACCES at parse\.h:12 \| 7 \|$/m);
	t.regex(text, /^\| tc\.bpf\.o b \| 12,345 \| 8 \|$/m);
});

test("The summary has a line for each kernel", (t) => {
	const lines = renderSummary(both).split("\n").slice(2);
	t.deepEqual(lines, [
		"| 5.10 (5.10.0-35-amd64) | 1 of 2 | tcx links | nothing |",
		"| 6.12 (6.12.48+deb13-amd64) | 2 of 2 | nothing | timers |",
	]);
});

test("Kernels are named and ordered by their numbers", (t) => {
	t.is(kernelName("7.2-amd64"), "7.2");
	t.deepEqual(["6.12", "5.10", "6.1", "7.2"].sort(compareKernels), ["5.10", "6.1", "6.12", "7.2"]);
	t.throws(() => kernelName("linux"), { message: /linux/ });
});
