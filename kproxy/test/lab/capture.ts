import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { decodeFrame } from "./decode-frame.ts";
import type { Lab } from "./lab.ts";
import type { Namespace } from "./namespaces.ts";
import type { Packet } from "./packet.ts";

/** A packet that passed a device. */
export interface CapturedPacket extends Packet {
	/** On the machine's monotonic clock. */
	atMs: number;
	/** From the namespace's own point of view. */
	direction: "in" | "out";
	/** The device is yet to fill in the checksum of TCP or UDP: what stands there is no checksum. */
	partialChecksum: boolean;
	frame: Buffer;
}

/** What to record. */
export interface CaptureOptions {
	/** Everything unless told. */
	filter?: (packet: CapturedPacket) => boolean;
}

/** A recording under way. */
export interface Capture {
	/** What has been recorded so far. */
	readonly packets: readonly CapturedPacket[];
	/** The first packet that matches; waits for it. Rejects when none comes within 5 s, unless told. */
	packet(matches: (packet: CapturedPacket) => boolean, timeoutMs?: number): Promise<CapturedPacket>;
	/** Ends it; the result has everything that passed before. */
	stop(): Promise<readonly CapturedPacket[]>;
}

interface Device {
	namespace: Namespace;
	/** Path of the `packets` program. */
	tool: string;
	device: string;
}

/** Starts to record what passes a device; resolves once nothing can be missed any more. */
export async function capture(
	lab: Lab,
	{ namespace, device, filter = () => true }: { namespace: Namespace; device: string } & CaptureOptions,
): Promise<Capture> {
	const command = [lab.packetsTool(), "capture", device];
	const child = lab.spawn({ namespace, cgroup: "others", command, stdio: "pipe" });
	const recording = new Recording(child, filter);
	await recording.started;
	return recording;
}

/** Sends an Ethernet frame out of a device, as it is. */
export function inject({ namespace, tool, device, frame }: Device & { frame: Uint8Array }): void {
	const answer = namespace.run(tool, ["inject", device], `${Buffer.from(frame).toString("hex")}\n`).trim();
	if (answer !== "ok") throw new Error(`${frame.length} bytes cannot be sent out of ${device}: ${answer}`);
}

/** Has every veth of a namespace fill in checksums, or the kernel do it before. */
export function setOffload({ namespace, tool, on }: Omit<Device, "device"> & { on: boolean }): void {
	const links = JSON.parse(namespace.run("ip", ["-json", "link", "show", "type", "veth"]) || "[]");
	for (const { ifname } of links) namespace.run(tool, ["offload", ifname, on ? "on" : "off"]);
}

class Recording implements Capture {
	readonly packets: CapturedPacket[] = [];
	/** Resolves once the program watches the device. */
	readonly started: Promise<unknown>;
	readonly #child: ChildProcess;
	readonly #ended: Promise<unknown>;
	readonly #waiting = new Set<() => void>();

	constructor(child: ChildProcess, filter: (packet: CapturedPacket) => boolean) {
		this.#child = child;
		if (!child.stdout) throw new Error("a capture has no stdout");
		const lines = createInterface({ input: child.stdout });
		// Once stdout and stderr are read to their ends.
		this.#ended = Promise.all([once(lines, "close"), once(child, "close")]);
		this.started = Promise.race([
			once(lines, "line"),
			this.#ended.then(() => Promise.reject(new Error(`the capture did not start: ${said.trim()}`))),
		]);
		let said = "";
		child.stderr?.on("data", (text) => {
			said += text;
		});
		lines.on("line", (line) => {
			if (line === "ready") return;
			const packet = parseLine(line);
			if (!filter(packet)) return;
			this.packets.push(packet);
			for (const wake of this.#waiting) wake();
		});
	}

	packet(matches: (packet: CapturedPacket) => boolean, timeoutMs = 5_000): Promise<CapturedPacket> {
		return new Promise((resolve, reject) => {
			const look = () => {
				const found = this.packets.find(matches);
				if (!found) return;
				finish();
				resolve(found);
			};
			const finish = () => {
				clearTimeout(timer);
				this.#waiting.delete(look);
			};
			const timer = setTimeout(() => {
				finish();
				reject(new Error(`no such packet in ${timeoutMs} ms, among ${this.packets.length}`));
			}, timeoutMs);
			this.#waiting.add(look);
			look();
		});
	}

	async stop(): Promise<readonly CapturedPacket[]> {
		this.#child.stdin?.end();
		await this.#ended;
		return this.packets;
	}
}

function parseLine(line: string): CapturedPacket {
	const [atNs = "", direction, checksum, hex = ""] = line.split(" ");
	const frame = Buffer.from(hex, "hex");
	return {
		atMs: Number(BigInt(atNs)) / 1e6,
		direction: direction === "out" ? "out" : "in",
		partialChecksum: checksum === "partial",
		frame,
		...decodeFrame(frame),
	};
}
