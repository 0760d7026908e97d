import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Writable } from "node:stream";
import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import { buildSctpTool } from "./tools.ts";

/** One association to be made. */
export interface SctpDial {
	address: string;
	port: number;
	/** Of the client; chosen by the kernel unless told. */
	localAddress?: string;
	timeoutMs?: number;
}

/** What came of it: who answered and the client that it saw, or the error. */
export interface SctpAnswer {
	name?: string;
	client?: string;
	error?: string;
}

interface Dialler {
	input: Writable;
	answers: Interface;
}

/** SCTP servers and clients in a lab: Node has none. Made only where the kernel has SCTP. */
export class Sctp {
	readonly #lab: Lab;
	readonly #tool: string;
	readonly #diallers = new Map<Host, Dialler>();
	#dials = 0;

	constructor(lab: Lab) {
		this.#lab = lab;
		this.#tool = buildSctpTool(lab.directory);
	}

	/**
	 * Serves, and answers with the host's name; by default at all of its addresses, which an association then may use
	 * by turns. Resolves once it accepts.
	 */
	async listen(host: Host, port: number, address = "::"): Promise<void> {
		const { answers } = this.#start(host, ["serve", host.name, `${port}`, address]);
		await once(answers, "line");
	}

	/** Rejects where no dial could be made, as from an address that the host has not. */
	dial(host: Host, { address, port, localAddress = "-", timeoutMs = 5_000 }: SctpDial): Promise<SctpAnswer> {
		const { input, answers } = this.#dialler(host);
		const id = `${this.#dials++}`;
		return new Promise((resolve, reject) => {
			const read = (line: string) => {
				const [of, name = "", rest = ""] = line.split(" ");
				if (of !== id) return;
				answers.off("line", read);
				if (name === "broken") reject(new Error(`${host.name} cannot dial over SCTP: ${rest}`));
				else resolve(name === "error" ? { error: rest } : { name, client: rest.replace("::ffff:", "") });
			};
			answers.on("line", read);
			input.write(`${id} ${localAddress} ${address} ${port} ${timeoutMs}\n`);
		});
	}

	#dialler(host: Host): Dialler {
		const dialler = this.#diallers.get(host) ?? this.#start(host, ["dial"]);
		dialler.answers.setMaxListeners(0);
		this.#diallers.set(host, dialler);
		return dialler;
	}

	#start({ namespace, cgroup }: Host, args: readonly string[]): Dialler {
		const { stdin, stdout } = this.#lab.spawn({
			namespace,
			cgroup,
			command: [this.#tool, ...args],
			stdio: ["pipe", "pipe", "inherit"],
		});
		if (!stdin || !stdout) throw new Error("a process has no pipes");
		return { input: stdin, answers: createInterface({ input: stdout }) };
	}
}
