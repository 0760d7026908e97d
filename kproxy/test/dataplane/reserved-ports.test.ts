import test from "ava";
import { formatPorts, parsePorts, subtractPorts } from "../../src/dataplane/reserved-ports.ts";

for (const text of ["", "8080", "8080,30000-32767", "1,3-5,9"]) {
	test(`The list ${JSON.stringify(text)} is read and written alike`, (t) => {
		t.is(formatPorts(parsePorts(`${text}\n`)), text);
	});
}

for (const [all, taken, left] of [
	["1-10", "", "1-10"],
	["1-10", "3-4", "1-2,5-10"],
	["1-10", "1-10", ""],
	["1-10", "0-5", "6-10"],
	["1-10,20", "5-30", "1-4"],
	["5", "5", ""],
] as const) {
	test(`${all} without ${taken || "anything"} is ${left || "nothing"}`, (t) => {
		t.is(formatPorts(subtractPorts(parsePorts(all), parsePorts(taken))), left);
	});
}
