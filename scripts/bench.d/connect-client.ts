import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** One socket that connects again and again, or a new one for each connect. */
export type Mode = "again" | "new";

/** The process of `connect-client.c`, which dials on request. */
export class ConnectClient {
	readonly #name: string;
	readonly #child: ChildProcess;
	readonly #lines: AsyncIterator<string>;

	constructor(name: string, child: ChildProcess) {
		if (child.stdout === null) throw new Error("the client has no stdout");
		this.#name = name;
		this.#child = child;
		this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	}

	/** ns for each of `count` connects. */
	async dial(mode: Mode, count: number): Promise<number> {
		this.#child.stdin?.write(`${mode} ${count}\n`);
		const { value, done } = await this.#lines.next();
		if (done) throw new Error(`the client of ${this.#name} has ended`);
		return Number(value) / count;
	}
}
