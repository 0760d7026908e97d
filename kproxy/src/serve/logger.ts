import { styleText } from "node:util";
import { type Logger, pino } from "pino";

export type { Logger } from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const LABELS: Readonly<Record<number, string>> = { 20: "DEBUG", 30: "INFO ", 40: "WARN ", 50: "ERROR" };
const COLOURS = { 20: "gray", 30: "green", 40: "yellow", 50: "red" } as const;

/**
 * A logger that writes one line per event: JSON for machines, or text for people.
 * `write` gets whole lines with their newline.
 */
export function createLogger(options: {
	level: LogLevel;
	format: "json" | "text";
	colour: boolean;
	write: (line: string) => void;
}): Logger {
	const { level, format, colour, write } = options;
	const destination =
		format === "json" ? { write } : { write: (line: string) => write(textLine(JSON.parse(line), colour)) };
	// Time of day and message come first; process id and host are what the collector adds anyway.
	return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** `12:00:01.123 INFO  synced  services=3 backends=12` */
function textLine(event: Record<string, unknown>, colour: boolean): string {
	const { level, time, msg, ...fields } = event;
	const number = level as keyof typeof COLOURS;
	const label = LABELS[number] ?? String(level);
	const shown = Object.entries(fields).map(([name, value]) => `${name}=${fieldText(value)}`);
	return `${[
		String(time).slice(11, 23),
		colour ? styleText(COLOURS[number] ?? "reset", label, { validateStream: false }) : label,
		[msg, ...shown].join("  "),
	].join(" ")}\n`;
}

function fieldText(value: unknown): string {
	if (typeof value === "string") {
		return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
	}
	return JSON.stringify(value);
}
