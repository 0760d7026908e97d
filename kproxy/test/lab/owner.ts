import { readFileSync } from "node:fs";

const PREFIX = "kproxy-lab";
const NAMED = new RegExp(`${PREFIX}-(\\d+)-(\\d+)-[a-z0-9-]+`);

/** A name for a lab of this process: it carries the process's number and start time, so that no other's is taken for it. */
export function labName(name: string): string {
	return `${PREFIX}-${process.pid}-${startTime(process.pid)}-${name}`;
}

/** The process that made the lab a path or name belongs to; undefined where it is no lab's, or its owner is gone. */
export function ownerOf(text: string): number | undefined {
	const found = parse(text);
	return found && startTime(found.pid) === found.started ? found.pid : undefined;
}

/** Whether a path or name belongs to a lab whose process is gone. */
export function isAbandoned(text: string): boolean {
	return parse(text) !== undefined && ownerOf(text) === undefined;
}

function parse(text: string): { pid: number; started: string } | undefined {
	const match = NAMED.exec(text);
	return match ? { pid: Number(match[1]), started: match[2] ?? "" } : undefined;
}

/** In clock ticks since boot; undefined where no such process runs. */
function startTime(pid: number): string | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		// The second field is the command in brackets and may hold anything; start time is field 22.
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		return fields[0] === "Z" ? undefined : fields[19];
	} catch {
		return undefined;
	}
}
