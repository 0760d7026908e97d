const UNIT_MS: Readonly<Record<string, number>> = {
	ns: 1e-6,
	us: 1e-3,
	µs: 1e-3,
	ms: 1,
	s: 1000,
	m: 60_000,
	h: 3_600_000,
};

/** Milliseconds of a duration as Go writes it, such as `1m30s` or `0`; undefined where the text is none, or negative. */
export function parseDurationMs(text: string): number | undefined {
	if (text === "0") return 0;
	if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
	let ms = 0;
	for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
		ms += Number(amount) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
	}
	return ms;
}
