import test from "ava";
import { createLogger } from "../../src/serve/logger.ts";
import { createProblemLog } from "../../src/serve/problem-log.ts";

function logged(options: { format: "json" | "text"; level?: "info" | "warn"; colour?: boolean }) {
	const lines: string[] = [];
	const log = createLogger({ level: "info", colour: false, ...options, write: (line) => lines.push(line) });
	return { log, lines };
}

test("JSON lines have level, time, message and fields", (t) => {
	const { log, lines } = logged({ format: "json" });
	log.info({ services: 3 }, "synced");
	const event = JSON.parse(lines[0] ?? "");
	t.like(event, { level: 30, msg: "synced", services: 3 });
	t.false("pid" in event);
	t.false(Number.isNaN(Date.parse(event.time)));
});

test("Text lines are for people: time of day, level, message, fields", (t) => {
	const { log, lines } = logged({ format: "text" });
	log.warn({ object: "Service shop/web", tries: 2 }, "cannot serve it");
	t.regex(
		lines[0] ?? "",
		/^\d\d:\d\d:\d\d\.\d{3} WARN {2}cannot serve it {2}object="Service shop\/web" {2}tries=2\n$/,
	);
});

test("Colour is used only where asked for", (t) => {
	const { log, lines } = logged({ format: "text", colour: true });
	log.error("gone");
	t.true(lines[0]?.includes("\u001b[31mERROR\u001b[39m"));
});

test("Lines below the level are not written", (t) => {
	const { log, lines } = logged({ format: "json", level: "warn" });
	log.info("quiet");
	t.deepEqual(lines, []);
});

test("A problem is said once when it comes and once when it is solved", (t) => {
	const { log, lines } = logged({ format: "json" });
	const problems = createProblemLog(log);
	const taken = {
		id: "a",
		object: "Service shop/web",
		code: "FRONTEND_TAKEN",
		message: "10.0.0.1:80 is taken",
	} as const;
	problems.update([taken]);
	problems.update([taken, { ...taken, id: "b", message: "10.0.0.2:80 is taken" }]);
	problems.update([{ ...taken, message: "said in other words" }]);
	problems.update([]);
	t.deepEqual(
		lines.map((line) => JSON.parse(line)).map(({ level, msg }) => [level, msg]),
		[
			[40, "10.0.0.1:80 is taken"],
			[40, "10.0.0.2:80 is taken"],
			[30, "solved: 10.0.0.2:80 is taken"],
			[30, "solved: said in other words"],
		],
	);
	t.deepEqual(problems.current, []);
});
