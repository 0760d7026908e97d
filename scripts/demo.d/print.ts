import { styleText } from "node:util";

let steps = 0;

/** The next numbered step: what is about to be done. */
export function step(text: string): void {
	console.log(`\n${bold(`${++steps}. ${text}`)}`);
}

/** What came of it, a line or several. */
export function detail(text: string): void {
	for (const line of text.trimEnd().split("\n")) console.log(`   ${line}`.trimEnd());
}

/** The demo's name, and its end. */
export function headline(text: string): void {
	console.log(bold(text));
}

/** Bold on a terminal, plain elsewhere. */
function bold(text: string): string {
	return styleText("bold", text, { stream: process.stdout });
}
