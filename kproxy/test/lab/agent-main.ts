/** The agent's process: `node agent-main.ts NAME`. Ends when its stdin does, so that it never outlives the lab. */
import { flushCompileCache } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { dial } from "./dial.ts";
import { closeFlow, openFlow, sendOnFlow } from "./flows.ts";
import { listen } from "./listen.ts";
import type { Dial, DialManyOptions, Reply, Request } from "./protocol.ts";
import { readStream, startStream } from "./streams.ts";

const name = process.argv[2] ?? "";
let dialled = 0;
let stops = 0;

// For the next agents: the lab may kill this one, which would leave nothing.
flushCompileCache();
// Ctrl-C reaches every process of the terminal; the lab ends its agents itself, once it no longer needs them.
process.on("SIGINT", () => {});
createInterface({ input: process.stdin })
	.on("line", (line) => void handle(JSON.parse(line)))
	.once("close", () => process.exit(0));

async function handle(request: Request): Promise<void> {
	try {
		reply({ id: request.id, answer: await answer(request) });
	} catch (error) {
		reply({ id: request.id, failure: `${request.method}: ${(error as Error).message}` });
	}
}

function answer(request: Request): unknown {
	switch (request.method) {
		case "listen":
			return listen({ name, ...request.argument });
		case "dial":
			return counted(dial(request.argument));
		case "dialMany":
			return dialMany(request.argument);
		case "stopDialling":
			stops++;
			return null;
		case "dialled":
			return dialled;
		case "open":
			return openFlow(request.argument);
		case "send":
			return sendOnFlow(request.argument);
		case "close":
			return closeFlow(request.argument);
		case "stream":
			return startStream(request.argument);
		case "streamed":
			return readStream(request.argument);
	}
}

async function dialMany({
	count = Number.POSITIVE_INFINITY,
	concurrency = 1,
	pauseMs = 0,
	...options
}: DialManyOptions): Promise<Dial[]> {
	const dials: Dial[] = [];
	const stopsBefore = stops;
	let started = 0;
	const dialInTurn = async () => {
		while (started < count && stops === stopsBefore) {
			started++;
			dials.push(await counted(dial(options)));
			if (pauseMs > 0) await delay(pauseMs);
		}
	};
	await Promise.all(Array.from({ length: concurrency }, dialInTurn));
	return dials;
}

async function counted(dial: Promise<Dial>): Promise<Dial> {
	const result = await dial;
	dialled++;
	return result;
}

function reply(reply: Reply): void {
	process.stdout.write(`${JSON.stringify(reply)}\n`);
}
