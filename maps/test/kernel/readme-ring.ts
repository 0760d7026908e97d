import { type BpfMap, type Codec, u64 } from "bpf-loader";
import { openPerCpuArray, openRingBuffer } from "bpf-maps";

/** Hands on events until the signal is aborted, and says how many never came. */
export async function follow<T>(
	maps: { events: BpfMap; events_lost: BpfMap },
	{ event, handle, signal }: { event: Codec<T>; handle: (event: T) => void; signal: AbortSignal },
): Promise<bigint> {
	const lost = openPerCpuArray(maps.events_lost, { value: u64 });
	using ring = openRingBuffer(maps.events, {
		record: event,
		lost: () => (lost.get(0) ?? []).reduce((sum, count) => sum + count, 0n),
	});
	await ring.consume(handle, { signal });
	return ring.counts.lost ?? 0n;
}
