import type { Figure } from "./figure.ts";

/** Figures as aligned columns: name, value, ratio to its baseline, aim and whether it is met. */
export function formatFigures(figures: readonly Figure[]): string {
	const rows = figures.map((figure) => [
		figure.name,
		`${number(figure.value)} ${figure.unit}`,
		besideBaseline(figure, figures),
		besideAim(figure, figures),
	]);
	const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	const line = ([name = "", value = "", ratio = "", aim = ""]: readonly string[]) =>
		`  ${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)}  ${ratio.padEnd(widths[2] ?? 0)}  ${aim}`;
	return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

function besideBaseline({ value, unit, baseline }: Figure, figures: readonly Figure[]): string {
	const beside = named(baseline, figures);
	if (!beside) return "";
	const difference = value - beside.value;
	return `${difference < 0 ? "-" : "+"}${number(Math.abs(difference))} ${unit}, ${number(value / beside.value)} × ${beside.name}`;
}

function besideAim({ value, unit, aim }: Figure, figures: readonly Figure[]): string {
	if (!aim) return "";
	const from = named(aim.over, figures);
	const met = value <= aim.atMost + (from?.value ?? 0);
	return `aim: ${from ? "+" : ""}${number(aim.atMost)} ${unit} ${from ? `over ${from.name}` : "at most"}, ${met ? "met" : "NOT MET"}`;
}

function named(name: string | undefined, figures: readonly Figure[]): Figure | undefined {
	return figures.find((figure) => figure.name === name);
}

/** Three digits are what such a measurement is good for. */
function number(value: number): string {
	const rounded = Number(value.toPrecision(3));
	return Math.abs(rounded) >= 1000 ? Math.round(value).toLocaleString("en") : String(rounded);
}
