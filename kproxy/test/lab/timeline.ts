import { type Dial, monotonicMs } from "./protocol.ts";

interface Version {
	endpoints: ReadonlySet<string>;
	writtenMs: number;
	/** When kproxy reported this version, or one after it. */
	reportedMs: number;
}

/** Which backends a Service had when, so that dials can be held against it. All times on the machine's monotonic clock. */
export class Timeline {
	readonly #versions: Version[] = [];
	readonly #now: () => number;

	constructor(now: () => number = monotonicMs) {
		this.#now = now;
	}

	/** To be called just before the change is written. */
	changed(endpoints: readonly string[]): void {
		const never = Number.POSITIVE_INFINITY;
		this.#versions.push({ endpoints: new Set(endpoints), writtenMs: this.#now(), reportedMs: never });
	}

	/** kproxy has said, at that time, that the latest change is in the kernel. */
	reported(atMs: number): void {
		for (const version of this.#versions) version.reportedMs = Math.min(version.reportedMs, atMs);
	}

	/** Dials that no backend answered, and dials answered by one that had come or gone too early or too late for it. */
	judge(dials: readonly Dial[]): { failed: Dial[]; stray: Dial[] } {
		const failed = dials.filter((dial) => dial.answer === undefined);
		const stray = dials.filter((dial) => dial.answer !== undefined && !this.#allows(dial, dial.answer));
		return { failed, stray };
	}

	/** A version serves from when it is written, at the earliest, until its successor is reported, at the latest. */
	#allows({ startedMs, tookMs }: Dial, backend: string): boolean {
		return this.#versions.some(({ endpoints, writtenMs }, index) => {
			const untilMs = this.#versions[index + 1]?.reportedMs ?? Number.POSITIVE_INFINITY;
			return endpoints.has(backend) && writtenMs <= startedMs + tookMs && startedMs <= untilMs;
		});
	}
}
