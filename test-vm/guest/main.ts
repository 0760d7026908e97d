import { spawn } from "node:child_process";
import { openSync, readFileSync, writeSync } from "node:fs";

const task = JSON.parse(readFileSync(0, "utf8"));
const channel = openSync("/dev/ttyS1", "w");
const say = (event: unknown) => writeSync(channel, `${JSON.stringify(event)}\n`);
say({ event: "booted", uptime: readFileSync("/proc/uptime", "utf8") });
const child = spawn(task.command[0], task.command.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
child.stdout.on("data", (data) =>
	say({ event: "output", text: String(data), at: readFileSync("/proc/uptime", "utf8").split(" ")[0] }),
);
child.on("exit", (code, signal) => {
	say({ event: "end", code, signal });
});
