import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type {
	Dial,
	DialManyOptions,
	DialOptions,
	ListenOptions,
	Method,
	Opened,
	OpenOptions,
	Reply,
	Requests,
	Sent,
	StreamDatagram,
	StreamOptions,
} from "./protocol.ts";

const MAIN = fileURLToPath(new URL("agent-main.ts", import.meta.url));

/** A flow that an agent keeps open, and what it found when it opened. */
export interface Flow extends Omit<Opened, "flow" | "error"> {
	/** Sends a line and waits for its echo; what went wrong is in the result. */
	send(timeoutMs?: number): Promise<Sent>;
	/** Ends it; with `reset` by an RST. */
	close(how?: { reset?: boolean }): Promise<null>;
}

/** UDP datagrams that an agent sends, one after the other. */
export interface Stream {
	/** Each that was sent so far, in that order, and who answered it. */
	datagrams(): Promise<StreamDatagram[]>;
	/** The same, and ends it. */
	stop(): Promise<StreamDatagram[]>;
}

/** A process elsewhere on the machine (another namespace, another cgroup) that listens and dials on request. */
export class Agent {
	readonly name: string;
	readonly #child: ChildProcess;
	readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
	#nextId = 1;

	/** Resolves once the process has answered. */
	static async start(name: string, spawn: (command: readonly string[]) => ChildProcess): Promise<Agent> {
		const agent = new Agent(name, spawn([process.execPath, MAIN, name]));
		await agent.dialled();
		return agent;
	}

	private constructor(name: string, child: ChildProcess) {
		this.name = name;
		this.#child = child;
		// A request written to a process that has ended is answered by the exit below.
		child.stdin?.on("error", () => {});
		child.once("error", (error) => this.#fail(error));
		child.once("exit", (code, signal) => this.#fail(new Error(`agent ${name} ended with ${code ?? signal}`)));
		if (child.stdout)
			createInterface({ input: child.stdout }).on("line", (line) => this.#settle(JSON.parse(line)));
	}

	/** The process's number. */
	get pid(): number {
		if (this.#child.pid === undefined) throw new Error(`agent ${this.name} did not start`);
		return this.#child.pid;
	}

	/** Resolves once the server accepts; port 0 picks a free one. */
	listen(options: ListenOptions): Promise<{ port: number }> {
		return this.#request("listen", options);
	}

	dial(options: DialOptions): Promise<Dial> {
		return this.#request("dial", options);
	}

	/** Resolves with every dial, in the order they ended. */
	dialMany(options: DialManyOptions): Promise<Dial[]> {
		return this.#request("dialMany", options);
	}

	stopDialling(): Promise<null> {
		return this.#request("stopDialling", {});
	}

	/** Dials finished since the agent started. */
	dialled(): Promise<number> {
		return this.#request("dialled", {});
	}

	/** Opens a flow to a server that echoes, and keeps it. Rejects where it does not come about. */
	async open(options: OpenOptions): Promise<Flow> {
		const { flow, error, ...found } = await this.#request("open", options);
		if (flow === undefined) {
			const { protocol, address, port } = options;
			throw new Error(`agent ${this.name} cannot open ${protocol} to ${address} port ${port}: ${error}`);
		}
		return {
			...found,
			send: (timeoutMs = 2_000) => this.#request("send", { flow, timeoutMs }),
			close: ({ reset = false } = {}) => this.#request("close", { flow, reset }),
		};
	}

	/** Starts to send UDP datagrams from one socket to a server that echoes. */
	async stream(options: StreamOptions): Promise<Stream> {
		const { stream } = await this.#request("stream", options);
		return {
			datagrams: () => this.#request("streamed", { stream }),
			stop: () => this.#request("streamed", { stream, stop: true }),
		};
	}

	async close(): Promise<void> {
		if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
		this.#child.stdin?.end();
		await once(this.#child, "exit");
	}

	#request<M extends Method>(method: M, argument: Requests[M]["argument"]): Promise<Requests[M]["answer"]> {
		if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
			return Promise.reject(new Error(`agent ${this.name} has ended`));
		}
		const id = this.#nextId++;
		return new Promise((resolve, reject) => {
			this.#waiting.set(id, { resolve, reject });
			this.#child.stdin?.write(`${JSON.stringify({ id, method, argument })}\n`);
		});
	}

	#settle(reply: Reply): void {
		const waiting = this.#waiting.get(reply.id);
		this.#waiting.delete(reply.id);
		if ("failure" in reply) waiting?.reject(new Error(`agent ${this.name}: ${reply.failure}`));
		else waiting?.resolve(reply.answer as never);
	}

	#fail(error: Error): void {
		for (const { reject } of this.#waiting.values()) reject(error);
		this.#waiting.clear();
	}
}

/** How often each server answered, and each error came. */
export function tally(dials: readonly Dial[]): {
	answers: Record<string, number>;
	errors: Record<string, number>;
} {
	const counted = { answers: {} as Record<string, number>, errors: {} as Record<string, number> };
	for (const { answer, error } of dials) {
		if (answer !== undefined) counted.answers[answer] = (counted.answers[answer] ?? 0) + 1;
		if (error !== undefined) counted.errors[error] = (counted.errors[error] ?? 0) + 1;
	}
	return counted;
}
