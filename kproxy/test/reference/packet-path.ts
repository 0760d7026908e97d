import { inCidr, isIpv4 } from "../packets/addresses.ts";
import { protocols } from "../packets/build.ts";
import { parseFrame } from "../packets/parse.ts";
import { emptyMemory, type Flow, flowKey, isOver, type Memory, type Reply, type Target } from "./memory.ts";
import { type Judged, judge, judgedPacket, judgedPortless } from "./policy.ts";
import { type Packet, readPacket } from "./read-packet.ts";
import { rejection, rewritten } from "./rewrite.ts";
import type { Backend, Frontend, Hook, Outcome, World } from "./world.ts";

/** Decides what the specification leaves to chance. Each is told what is allowed, and gives one of it. */
export interface Chance {
	backend(question: { flow: Flow; service: number; allowed: ReadonlySet<number> }): number;
	/** `isFree` says which port may be taken; undefined: none was found. */
	port(question: { flow: Flow; isFree: (port: number) => boolean }): number | undefined;
}

const REJECTED = new Set(["NO_BACKEND", "NO_SUCH_PORT"]);
const PASSED = new Set(["NOT_FRONTEND", "NOT_REMEMBERED", "OTHER_PROTOCOL", "NOT_IP"]);

/** The packet path as its documentation has it: kproxy/docs/packet-path.md, in plain code and without any thought of speed. */
export class PacketPath {
	readonly world: World;
	readonly memory: Memory = emptyMemory();
	#chance: Chance;

	constructor(world: World, chance: Chance) {
		this.world = world;
		this.#chance = chance;
	}

	/** Runs a packet through one of the hooks. */
	run(hook: Hook, frame: Uint8Array): Outcome {
		const packet = readPacket(frame, this.memory);
		const pod = hook.startsWith("pod");
		const ingress = hook.endsWith("ingress");
		const direction = ingress ? "egress" : "ingress";
		if (typeof packet === "string")
			return conclude((pod && this.#judgePortless(packet, frame, direction)) || packet, frame);
		const to = { ...packet.flow };
		// Between the two translations: once it is known where it goes, before its source is made another.
		const denied = () =>
			pod ? judge(judgedPacket(packet, { ...to }, direction), this.world, this.memory) : undefined;
		let reason: string | undefined;
		if (ingress) {
			reason = this.#findDestination(packet, to, pod);
			if (reason === undefined || PASSED.has(reason)) reason = denied() ?? reason;
		} else reason = denied() ?? this.#findOrigin(packet, to, pod);
		if (reason === undefined)
			return conclude("TRANSLATED", rewritten(frame, packet.parsed, { from: packet.flow, to }));
		const answer = ingress && REJECTED.has(reason) ? rejection(frame, packet.parsed) : undefined;
		return answer ? { verdict: "redirect", reason, frame: answer } : conclude(reason, frame);
	}

	/** Why policy drops a packet that nothing is translated in, for `reason`; undefined: it does not. */
	#judgePortless(reason: string, frame: Uint8Array, direction: Judged["direction"]): string | undefined {
		const parsed = parseFrame(frame);
		if (!PASSED.has(reason) || typeof parsed === "string") return undefined;
		const { memory, world } = this;
		return judge(judgedPortless(frame, { parsed, memory, direction }), world, memory);
	}

	#isOurs(port: number): boolean {
		const { snatPortFirst, snatPortLast } = this.world.tunables;
		return port >= snatPortFirst && port <= snatPortLast;
	}

	#findDestination(packet: Packet, to: Flow, pod: boolean): string | undefined {
		const { flow } = packet;
		if (this.#isOurs(flow.destinationPort)) {
			const reply = this.memory.replies.get(flowKey({ ...flow, destination: "*" }));
			if (reply && reply.snatAddress === flow.destination) {
				to.destination = reply.client;
				return undefined;
			}
		}
		const known = this.memory.targets.get(flowKey(flow));
		if (packet.kind === "error") {
			if (known) goTo(known, to);
			return known ? undefined : "NOT_REMEMBERED";
		}
		const frontend = this.#findFrontend(flow);
		if (typeof frontend === "string") return frontend;
		if (known && this.#stays(packet, known, frontend)) {
			this.#noteClient(packet, known);
			goTo(known, to);
			return undefined;
		}
		if (known) {
			this.memory.replies.delete(replyKey(flow, known));
			this.memory.targets.delete(flowKey(flow));
		}
		return this.#open(flow, frontend, pod, to);
	}

	#findFrontend(flow: Flow): Frontend | string {
		const { frontends, nodeAddresses, serviceCidrs, tunables } = this.world;
		const { destination, destinationPort: port, protocol } = flow;
		const at = (address: string) =>
			frontends.find((each) => each.address === address && each.port === port && each.protocol === protocol);
		let found: Frontend | undefined;
		if (port >= tunables.nodePortFirst && port <= tunables.nodePortLast) {
			if (nodeAddresses.some(({ address, loopback }) => address === destination && !loopback))
				found = at(isIpv4(destination) ? "0.0.0.0" : "0:0:0:0:0:0:0:0");
		}
		found ??= at(destination);
		if (found) return found.torn ? "FRONTEND_TORN" : found;
		if (!serviceCidrs.some((cidr) => inCidr(destination, cidr))) return "NOT_FRONTEND";
		const guarded = frontends.some(
			(each) => each.address === destination && each.port === 0 && each.protocol === 0,
		);
		return guarded ? "NO_SUCH_PORT" : "NO_SUCH_SERVICE";
	}

	#kept(number: number, reuse: number): Backend | undefined {
		const backend = this.world.backends.get(number);
		return backend?.reuse === reuse && ["ACTIVE", "TERMINATING"].includes(backend.state)
			? backend
			: undefined;
	}

	/** May a flow that does not end by itself go on? One to a backend that terminates may, though it has left the ranges. */
	#isStillBehind(frontend: Frontend, known: Target): boolean {
		const backend = this.#kept(known.backend, known.reuse);
		const isIn = (range: Frontend["internal"]) => range !== "beyond" && range.includes(known.backend);
		return (
			backend !== undefined &&
			(isIn(frontend.internal) || isIn(frontend.external) || backend.state === "TERMINATING")
		);
	}

	#stays(packet: Packet, known: Target, frontend: Frontend): boolean {
		const { nowS } = this.memory;
		const { udpTimeoutS } = this.world.tunables;
		const { protocol } = packet.flow;
		if (protocol === protocols.UDP)
			return nowS - known.seenS <= udpTimeoutS && this.#isStillBehind(frontend, known);
		if (!packet.opens) return true;
		const reply = this.memory.replies.get(replyKey(packet.flow, known));
		if (!reply || !this.#kept(known.backend, known.reuse) || known.ended) return false;
		return !reply.backendFin && !reply.reset && !isOver(reply, { protocol, nowS, udpTimeoutS });
	}

	#noteClient(packet: Packet, known: Target): void {
		known.seenS = this.memory.nowS;
		if (!packet.fin && !packet.reset) return;
		known.ended = true;
		const reply = this.memory.replies.get(replyKey(packet.flow, known));
		if (!reply) return;
		if (packet.reset) reply.reset = true;
		else reply.clientFin = true;
	}

	#open(flow: Flow, frontend: Frontend, pod: boolean, to: Flow): string | undefined {
		const number = this.#admit(flow, frontend, pod);
		if (typeof number === "string") return number;
		const backend = this.world.backends.get(number);
		if (!backend || backend.state === "FREE") return "BACKEND_MISSING";
		if (isIpv4(backend.address) !== isIpv4(flow.destination)) return "WRONG_FAMILY";
		if (frontend.affinityTimeoutS > 0)
			this.memory.affinity.set(`${frontend.service} ${flow.source}`, {
				backend: number,
				reuse: backend.reuse,
				seenS: this.memory.nowS,
			});
		const target: Target = {
			address: backend.address,
			port: backend.port,
			snatPort: 0,
			backend: number,
			reuse: backend.reuse,
			seenS: this.memory.nowS,
			ended: false,
		};
		const refused = this.#claim(flow, target, !pod && !backend.local);
		if (refused) return refused;
		this.memory.targets.set(flowKey(flow), target);
		goTo(target, to);
		return undefined;
	}

	/** The number of a backend, or why there is none. */
	#admit(flow: Flow, frontend: Frontend, pod: boolean): number | string {
		const internal = pod || this.world.podCidrs.some((cidr) => inCidr(flow.source, cidr));
		const range = internal ? frontend.internal : frontend.external;
		if (frontend.sourceRanges && !frontend.sourceRanges.some((cidr) => inCidr(flow.source, cidr)))
			return "NOT_IN_RANGES";
		if (range === "beyond") return "SLOT_MISSING";
		if (range.length === 0)
			return !internal && frontend.localExternal && frontend.internal.length > 0
				? "NO_LOCAL_BACKEND"
				: "NO_BACKEND";
		const known = this.memory.affinity.get(`${frontend.service} ${flow.source}`);
		if (
			known &&
			frontend.affinityTimeoutS > 0 &&
			this.memory.nowS - known.seenS <= frontend.affinityTimeoutS
		) {
			const backend = this.#kept(known.backend, known.reuse);
			if (backend?.state === "ACTIVE" && range.includes(known.backend)) return known.backend;
		}
		return this.#chance.backend({ flow, service: frontend.service, allowed: new Set(range) });
	}

	/** Takes a place among the replies, with a source of ours where it has to be. Returns why there is none. */
	#claim(flow: Flow, target: Target, elsewhere: boolean): string | undefined {
		const reply: Reply = {
			frontend: flow.destination,
			frontendPort: flow.destinationPort,
			client: flow.source,
			clientPort: flow.sourcePort,
			snatAddress: undefined,
			createdS: this.memory.nowS,
			seenS: undefined,
			backendFin: false,
			clientFin: false,
			reset: false,
		};
		const forced = this.world.tunables.masqueradeAll || elsewhere || target.address === flow.source;
		const plain = replyKey(flow, target);
		const ambiguous =
			this.#isOurs(flow.sourcePort) &&
			this.memory.replies.get(replyKey(flow, { ...target, snatPort: flow.sourcePort }))?.client ===
				flow.source;
		if (!forced && !ambiguous && this.#isFree(plain, reply, flow.protocol)) {
			this.memory.replies.set(plain, reply);
			return undefined;
		}
		reply.snatAddress = this.#ownAddress(isIpv4(flow.source) ? "ipv4" : "ipv6");
		if (!reply.snatAddress) return "NO_SNAT_ADDRESS";
		const keyOf = (port: number) => replyKey(flow, { ...target, snatPort: port });
		const isFree = (candidate: number) =>
			this.#isOurs(candidate) &&
			!this.memory.replies.has(replyKey({ ...flow, sourcePort: candidate }, target)) &&
			this.#isFree(keyOf(candidate), reply, flow.protocol);
		const port = this.#chance.port({ flow, isFree });
		if (port === undefined) return "NO_SNAT_PORT";
		target.snatPort = port;
		this.memory.replies.set(keyOf(port), reply);
		return undefined;
	}

	#isFree(key: string, reply: Reply, protocol: number): boolean {
		const known = this.memory.replies.get(key);
		if (!known) return true;
		const same =
			known.client === reply.client &&
			known.clientPort === reply.clientPort &&
			known.frontend === reply.frontend &&
			known.frontendPort === reply.frontendPort;
		return (
			same ||
			isOver(known, { protocol, nowS: this.memory.nowS, udpTimeoutS: this.world.tunables.udpTimeoutS })
		);
	}

	#ownAddress(family: "ipv4" | "ipv6"): string | undefined {
		const { devices, routeDevice } = this.world;
		return devices.get(routeDevice)?.[family] || devices.get(0)?.[family] || undefined;
	}

	#findOrigin(packet: Packet, to: Flow, pod: boolean): string | undefined {
		if (!this.#findOwnSource(packet, to) && !this.#findFrontendOfReply(packet, to)) {
			const lost =
				!pod &&
				packet.kind !== "error" &&
				this.world.serviceCidrs.some((cidr) => inCidr(packet.flow.destination, cidr));
			return lost ? "NO_SUCH_SERVICE" : "NOT_REMEMBERED";
		}
		return packet.kind === "error" && packet.parsed.family === 4 && packet.parsed.icmpType === 5
			? "HIDDEN_REDIRECT"
			: undefined;
	}

	#findOwnSource(packet: Packet, to: Flow): boolean {
		const { flow } = packet;
		if (!this.#isOurs(flow.sourcePort)) return false;
		const key = flowKey({
			source: flow.destination,
			sourcePort: flow.destinationPort,
			destination: "*",
			destinationPort: flow.sourcePort,
			protocol: flow.protocol,
		});
		const reply = this.memory.replies.get(key);
		if (reply?.client !== flow.source || reply.snatAddress === undefined) return false;
		if (this.#givesWay(packet, reply)) return false;
		to.source = reply.snatAddress;
		return true;
	}

	#findFrontendOfReply(packet: Packet, to: Flow): boolean {
		const { flow } = packet;
		const { replies, nowS } = this.memory;
		let key = flowKey(flow);
		if (this.#isOurs(flow.destinationPort)) {
			const ours = flowKey({ ...flow, destination: "*" });
			if (replies.get(ours)?.client === flow.destination) key = ours;
		}
		const reply = replies.get(key);
		if (!reply) return false;
		if (this.#givesWay(packet, reply)) {
			replies.delete(key);
			return false;
		}
		to.source = reply.frontend;
		to.sourcePort = reply.frontendPort;
		to.destinationPort = reply.clientPort;
		if (packet.kind === "error") return true;
		reply.seenS = nowS;
		reply.backendFin ||= packet.fin;
		reply.reset ||= packet.reset;
		return true;
	}

	/** Is the flow over, and the packet of another one, which the client has opened with the backend itself? */
	#givesWay({ flow: { protocol }, opens, answers }: Packet, reply: Reply): boolean {
		const { nowS, targets } = this.memory;
		const { udpTimeoutS } = this.world.tunables;
		if (!isOver(reply, { protocol, nowS, udpTimeoutS })) return false;
		if (protocol !== protocols.UDP) return opens || answers;
		const target = targets.get(
			flowKey({
				source: reply.client,
				sourcePort: reply.clientPort,
				destination: reply.frontend,
				destinationPort: reply.frontendPort,
				protocol,
			}),
		);
		return !target || nowS - target.seenS > udpTimeoutS;
	}
}

function conclude(reason: string, frame: Uint8Array): Outcome {
	return { verdict: reason === "TRANSLATED" || PASSED.has(reason) ? "next" : "drop", reason, frame };
}

function goTo(target: Target, to: Flow): void {
	to.destination = target.address;
	to.destinationPort = target.port;
	if (target.snatPort) to.sourcePort = target.snatPort;
}

function replyKey(flow: Flow, target: Pick<Target, "address" | "port" | "snatPort">): string {
	return flowKey({
		source: target.address,
		sourcePort: target.port,
		destination: target.snatPort ? "*" : flow.source,
		destinationPort: target.snatPort || flow.sourcePort,
		protocol: flow.protocol,
	});
}
