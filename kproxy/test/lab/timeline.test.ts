import test from "ava";
import type { Dial } from "./protocol.ts";
import { Timeline } from "./timeline.ts";

/** `old` serves until 200, `new` is written at 100 and reported at 200. */
function timeline(): Timeline {
	let nowMs = 0;
	const timeline = new Timeline(() => nowMs);
	timeline.changed(["old"]);
	nowMs = 100;
	timeline.changed(["new"]);
	timeline.reported(200);
	return timeline;
}

const CASES: { title: string; dial: Dial; verdict: "fine" | "failed" | "stray" }[] = [
	{
		title: "the old backend before the change",
		dial: { startedMs: 50, tookMs: 1, answer: "old" },
		verdict: "fine",
	},
	{
		title: "the new backend before the change",
		dial: { startedMs: 50, tookMs: 1, answer: "new" },
		verdict: "stray",
	},
	{
		title: "the new backend, dialled before it was there",
		dial: { startedMs: 90, tookMs: 20, answer: "new" },
		verdict: "fine",
	},
	{
		title: "the old backend while the change is under way",
		dial: { startedMs: 150, tookMs: 1, answer: "old" },
		verdict: "fine",
	},
	{
		title: "the new backend while the change is under way",
		dial: { startedMs: 150, tookMs: 1, answer: "new" },
		verdict: "fine",
	},
	{
		title: "the old backend, dialled before the report",
		dial: { startedMs: 199, tookMs: 50, answer: "old" },
		verdict: "fine",
	},
	{
		title: "the old backend after the report",
		dial: { startedMs: 201, tookMs: 1, answer: "old" },
		verdict: "stray",
	},
	{
		title: "a backend that never was one",
		dial: { startedMs: 150, tookMs: 1, answer: "other" },
		verdict: "stray",
	},
	{ title: "no answer", dial: { startedMs: 50, tookMs: 1, error: "ECONNREFUSED" }, verdict: "failed" },
];

for (const { title, dial, verdict } of CASES) {
	test(`a dial is ${verdict}: ${title}`, (t) => {
		const { failed, stray } = timeline().judge([dial]);
		t.is(failed.length, verdict === "failed" ? 1 : 0);
		t.is(stray.length, verdict === "stray" ? 1 : 0);
	});
}

test("a version that was never reported itself ends with the report of a later one", (t) => {
	let nowMs = 0;
	const timeline = new Timeline(() => nowMs);
	for (const [index, name] of ["first", "second", "third"].entries()) {
		nowMs = index * 100;
		timeline.changed([name]);
	}
	timeline.reported(300);
	const dials = ["first", "second", "third"].map((answer) => ({ startedMs: 301, tookMs: 1, answer }));
	t.deepEqual(
		timeline.judge(dials).stray.map((dial) => dial.answer),
		["first", "second"],
	);
});
