import type { Figure } from "./figure.ts";

/** Figures as aligned columns: name, value, how that compares to its baseline, aim and whether it is met. */
export function formatFigures(figures: readonly Figure[]): string {
	const rows = figures.map((figure) => [
		figure.name,
		`${number(figure.value)} ${figure.unit}`,
		besideBaseline(figure, figures),
		besideAim(figure, figures),
	]);
	const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	const line = ([name = "", value = "", beside = "", aim = ""]: readonly string[]) =>
		`  ${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)}  ${beside.padEnd(widths[2] ?? 0)}  ${aim}`;
	return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

/** `+94 ns, 1.09 × an empty program` */
function besideBaseline(figure: Figure, figures: readonly Figure[]): string {
	const baseline = named(figure.baseline, figures);
	if (!baseline) return "";
	const { value, unit } = figure;
	const difference = value - baseline.value;
	const sign = difference < 0 ? "-" : "+";
	return `${sign}${number(Math.abs(difference))} ${unit}, ${number(value / baseline.value)} × ${ownPart(baseline, figure)}`;
}

/** `aim: at most +100 ns, met` */
function besideAim(figure: Figure, figures: readonly Figure[]): string {
	const { value, unit, aim } = figure;
	if (!aim) return "";
	const from = named(aim.over, figures);
	const limit = `${from ? "+" : ""}${number(aim.atMost)} ${unit}`;
	const over = from && aim.over !== figure.baseline ? ` over ${ownPart(from, figure)}` : "";
	return `aim: at most ${limit}${over}, ${value <= aim.atMost + (from?.value ?? 0) ? "met" : "NOT MET"}`;
}

function named(name: string | undefined, figures: readonly Figure[]): Figure | undefined {
	return figures.find((figure) => figure.name === name);
}

/** A figure's name without what the name beside which it stands says already, up to a comma. */
function ownPart({ name }: Figure, { name: other }: Figure): string {
	const parts = name.split(", ");
	const others = other.split(", ");
	const shared = parts.findIndex((part, index) => part !== others[index]);
	return parts.slice(Math.max(shared, 0)).join(", ");
}

/** Three digits are what such a measurement is good for. */
function number(value: number): string {
	const rounded = Number(value.toPrecision(3));
	return Math.abs(rounded) >= 1000 ? Math.round(value).toLocaleString("en") : String(rounded);
}
