import { parseArgs } from "node:util";

/** One thing measured. Each part of the bench is a program that prints an array of these as JSON. */
export interface Figure {
	/** What was measured, as in `connect again, 10 frontends`. */
	name: string;
	value: number;
	/** `ns`, `s`, `MB`, … */
	unit: string;
	/** Name of a figure of the same part and unit that this one is to be seen beside. */
	baseline?: string;
	/** At most this is aimed at, in `unit`; with `over`, at most this above the figure of that name. */
	aim?: { atMost: number; over?: string };
}

/** Runs one part as a program: takes `--quick`, prints its figures. What `measure` tells the reader goes to stderr. */
export async function runPart(measure: (quick: boolean) => Promise<Figure[]>): Promise<void> {
	const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
	process.stdout.write(`${JSON.stringify(await measure(values.quick))}\n`);
}
