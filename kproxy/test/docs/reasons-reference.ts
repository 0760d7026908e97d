import { Hook, hookDocs, Reason, reasonDocs } from "../../src/dataplane/generated/tc.ts";

const HEAD = `# Reasons

What becomes of a connect, datagram or packet, as \`kproxy status\`, the metric \`kproxy_reasons_total\` and \`kproxy dump
counters\` name it. Written from [\`bpf/reasons.h\`](../../bpf/reasons.h), the only list:
\`UPDATE_DOCS=1 npx ava 'kproxy/test/docs/*'\` writes it anew. Numbers never change their meaning.

Up to ${Reason.REFUSED - 1} the packet or call passes. From ${Reason.REFUSED} on it does not: a socket hook refuses the call, a packet hook rejects
(TCP RST, ICMP port unreachable) or drops. On devices, what passes as it is goes uncounted: that is everything else on the
machine.
`;

/** The whole of docs/reasons.md. */
export function reasonsReference(): string {
	return `${HEAD}\n${table("reason", Reason, reasonDocs)}\nThey are counted by hook and direction:\n\n${table("hook", Hook, hookDocs)}`;
}

function table(
	what: string,
	numbers: Readonly<Record<string, number>>,
	sentences: Readonly<Record<string, string>>,
): string {
	const rows = Object.entries(sentences).map(
		([name, sentence]) => `| ${numbers[name]} | \`${name}\` | ${sentence} |\n`,
	);
	return `| number | ${what} | meaning |\n| --- | --- | --- |\n${rows.join("")}`;
}
