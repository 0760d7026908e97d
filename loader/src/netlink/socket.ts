import { Errno } from "../errno.ts";
import { BpfError } from "../errors.ts";
import { failure } from "../failure.ts";
import { closeDescriptor } from "../ffi/descriptor.ts";
import {
	bindNetlink,
	checkStrictly,
	connectToKernel,
	openNetlinkDescriptor,
	receiveNetlink,
	sendNetlink,
} from "../ffi/netlink.ts";
import { encodeRequest, type NetlinkMessage, needBytes, netlinkMessages } from "./message.ts";

const messageError = 2;
const messageDone = 3;
const flagRequest = 1;
const flagAck = 4;
const flagDump = 0x300;
const flagDumpInterrupted = 0x10;

/** The kernel writes parts of a dump of up to 32 KiB, and one message that is larger by itself. */
const bufferSize = 1 << 17;
const dumpTries = 10;

/** A request of one protocol. `object` is for messages, as in `the links`. */
export interface NetlinkRequest {
	type: number;
	body: Uint8Array;
	object: string;
}

/** What `receive` found: messages, nothing for now, or that the kernel dropped some as the socket was full. */
export type Received = { messages: NetlinkMessage[] } | "nothing" | "overrun";

/** A netlink socket of the network namespace that the thread was in when it was opened. */
export class NetlinkSocket {
	readonly fd: number;
	readonly #buffer = new Uint8Array(bufferSize);
	#sequence = 0;
	#open = true;

	/** `groups` are bits of multicast groups. Throws BpfError. */
	constructor(protocol: number, groups = 0) {
		const fd = openNetlinkDescriptor(protocol);
		if (fd < 0) throw failure({ operation: "open", object: "a netlink socket" }, -fd);
		this.fd = fd;
		// Connected, it takes no messages of other processes, which root of the namespace could send.
		const status = Math.min(bindNetlink(fd, groups), connectToKernel(fd));
		if (status === 0) return;
		this.close();
		throw failure({ operation: "open", object: "a netlink socket" }, -status);
	}

	/** Has the kernel list only what a request asks for. Throws BpfError, below Linux 4.20. */
	strict(): void {
		const status = checkStrictly(this.fd);
		if (status < 0) throw failure({ operation: "set up", object: "a netlink socket" }, -status);
	}

	/** All messages of a dump. Throws BpfError, `DUMP_INTERRUPTED` where what it lists never stood still. */
	dump(request: NetlinkRequest): NetlinkMessage[] {
		const answered = this.tryDump(request);
		if (typeof answered === "number") throw refused(request, answered);
		return answered;
	}

	/** Same, but returns the errno (positive) with which the kernel refuses the request. */
	tryDump(request: NetlinkRequest): NetlinkMessage[] | number {
		for (let tries = 0; tries < dumpTries; tries++) {
			const messages = this.#dumpOnce(request);
			if (messages !== undefined) return messages;
		}
		throw new BpfError(
			`cannot read ${request.object}: they changed during each of ${dumpTries} tries: try again`,
			{
				code: "DUMP_INTERRUPTED",
				operation: "read",
				object: request.object,
			},
		);
	}

	/** Asks for an action and returns 0 or the errno (positive) that the kernel answers. Throws BpfError. */
	act(request: NetlinkRequest): number {
		const answered = this.ask(request);
		return typeof answered === "number" ? answered : 0;
	}

	/** What the kernel answers to a question about one thing, or the errno (positive) with which it refuses. Throws BpfError. */
	ask(request: NetlinkRequest): NetlinkMessage[] | number {
		const sequence = this.#send(request, flagAck);
		const found: NetlinkMessage[] = [];
		for (;;) {
			for (const message of this.#mustReceive(request)) {
				if (message.sequence !== sequence) continue;
				if (message.type !== messageError) found.push(message);
				else return errnoOf(message) || found;
			}
		}
	}

	/** One datagram, without waiting. Throws BpfError. */
	receive(): Received {
		const length = receiveNetlink(this.fd, this.#buffer);
		if (length === -Errno.EAGAIN) return "nothing";
		if (length === -Errno.ENOBUFS || length > this.#buffer.length) return "overrun";
		if (length < 0) throw failure({ operation: "read", object: "a netlink socket" }, -length);
		// The next datagram takes the same buffer.
		return { messages: [...netlinkMessages(this.#buffer.slice(0, length))] };
	}

	close(): void {
		if (this.#open) closeDescriptor(this.fd);
		this.#open = false;
	}

	[Symbol.dispose](): void {
		this.close();
	}

	/** Undefined where the kernel says that what it listed changed meanwhile. */
	#dumpOnce(request: NetlinkRequest): NetlinkMessage[] | number | undefined {
		const sequence = this.#send(request, flagDump);
		const found: NetlinkMessage[] = [];
		let interrupted = false;
		for (;;) {
			for (const message of this.#mustReceive(request)) {
				if (message.sequence !== sequence) continue;
				interrupted ||= (message.flags & flagDumpInterrupted) !== 0;
				if (message.type !== messageDone && message.type !== messageError) {
					found.push(message);
					continue;
				}
				const errno = message.body.byteLength === 0 ? 0 : errnoOf(message);
				if (errno !== 0) return errno;
				return interrupted ? undefined : found;
			}
		}
	}

	#send(request: NetlinkRequest, flags: number): number {
		this.#sequence++;
		const { type, body } = request;
		const sent = sendNetlink(
			this.fd,
			encodeRequest({ type, flags: flags | flagRequest, sequence: this.#sequence, body }),
		);
		if (sent < 0) throw refused(request, -sent);
		return this.#sequence;
	}

	/** The kernel answers while the request is sent, so there is something to read until the last message. */
	#mustReceive(request: NetlinkRequest): NetlinkMessage[] {
		const received = this.receive();
		if (received === "nothing") throw refused(request, Errno.EAGAIN);
		if (received === "overrun") throw refused(request, Errno.ENOBUFS);
		return received.messages;
	}
}

/** The error number (positive) of an answer, which the kernel writes as a negative one. */
function errnoOf(message: NetlinkMessage): number {
	needBytes(message.body, 4);
	return -message.body.getInt32(0, true);
}

const refused = ({ object }: NetlinkRequest, errno: number) => failure({ operation: "read", object }, errno);
