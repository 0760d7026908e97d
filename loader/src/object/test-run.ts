import { Errno } from "../errno.ts";
import { type BpfError, UnsupportedError } from "../errors.ts";
import { failure } from "../failure.ts";
import { programCalls, type TestRunOptions, type TestRunOutcome } from "../ffi/program.ts";
import type { Program } from "./program.ts";

/** What to run a program on. */
export interface TestRun {
	/** Packet, Ethernet header first; XDP and TC programs need at least 14 bytes. */
	data?: Uint8Array;
	/** Context as the kernel takes it for the type: `struct xdp_md`, `struct __sk_buff`, `struct bpf_sk_lookup`. */
	context?: Uint8Array;
	/** Runs, by default 1. Each sees what the one before left in data. */
	repeat?: number;
	/** Room for the data that comes back, in bytes; by default 256 more than went in. */
	dataRoom?: number;
}

/** What a program made of it. */
export interface TestRunResult {
	/** Return value of the last run, unsigned. */
	returnValue: number;
	/** Packet after the last run; empty for program types without. */
	data: Uint8Array;
	/** Context after the last run; empty where none was given. */
	context: Uint8Array;
	/** Average of one run. */
	nanoseconds: number;
}

/** What `Program.testRun` does. */
export function testRun(program: Program, run: TestRun): TestRunResult {
	const data = run.data ?? new Uint8Array(0);
	const context = run.context ?? new Uint8Array(0);
	const dataOut = new Uint8Array(data.length === 0 ? 0 : (run.dataRoom ?? data.length + 256));
	const contextOut = new Uint8Array(context.length);
	const outcome = runUninterrupted(program, {
		...pointers({ data, dataOut, context, contextOut }),
		data_size_in: data.length,
		data_size_out: dataOut.length,
		ctx_size_in: context.length,
		ctx_size_out: contextOut.length,
		repeat: run.repeat ?? 1,
	});
	if (outcome.status < 0) throw testRunFailure(program, -outcome.status);
	return {
		returnValue: outcome.retval,
		data: dataOut.subarray(0, Math.min(outcome.data_size_out, dataOut.length)),
		context: contextOut.subarray(0, Math.min(outcome.ctx_size_out, contextOut.length)),
		nanoseconds: outcome.duration,
	};
}

/** A signal ends a run of many repeats with EINTR; the data given in is untouched, so the run starts again. */
const INTERRUPTED_RUNS = 16;

function runUninterrupted(program: Program, options: TestRunOptions): TestRunOutcome {
	for (let left = INTERRUPTED_RUNS; ; left -= 1) {
		const outcome = programCalls().testRun(program.fd, options);
		if (outcome.status !== -Errno.EINTR || left === 0) return outcome;
	}
}

type Buffers = Record<"data" | "dataOut" | "context" | "contextOut", Uint8Array>;

/** The kernel refuses an address with the size 0, so what is empty becomes NULL. */
function pointers(buffers: Buffers): Pick<TestRunOptions, "data_in" | "data_out" | "ctx_in" | "ctx_out"> {
	const orNull = (bytes: Uint8Array) => (bytes.length === 0 ? null : bytes);
	return {
		data_in: orNull(buffers.data),
		data_out: orNull(buffers.dataOut),
		ctx_in: orNull(buffers.context),
		ctx_out: orNull(buffers.contextOut),
	};
}

function testRunFailure(program: Program, errno: number): BpfError {
	const object = `program ${program.name}`;
	if (errno === Errno.EOPNOTSUPP || errno === Errno.ENOTSUPP) {
		const message = `cannot test-run ${object}: this kernel has no test run for type ${program.type}`;
		const feature = `test run of ${program.type}`;
		return new UnsupportedError(message, {
			code: "UNSUPPORTED",
			operation: "test-run",
			object,
			errno,
			feature,
		});
	}
	return failure(
		{
			operation: "test-run",
			object,
			needs: ["CAP_BPF", "CAP_NET_ADMIN"],
			meanings: {
				[Errno.EINVAL]: {
					code: "TEST_RUN",
					why: `the kernel refuses this data or context for type ${program.type}`,
					hint: "packets need 14 bytes or more, and context fields that cannot be set must be zero",
				},
				[Errno.ENOSPC]: {
					code: "TEST_RUN",
					why: "the data that comes back does not fit",
					hint: "give more dataRoom",
				},
			},
		},
		errno,
	);
}
