/** One line of a mountinfo file, as far as we read it. */
export interface Mount {
	/** Which directory of the file system is mounted; `/` is the whole of it. */
	root: string;
	/** Where, as the process sees it whose mountinfo it is. */
	point: string;
	type: string;
}

/** Parses `/proc/PID/mountinfo` (proc_pid_mountinfo(5)); lines that it does not understand are left out. */
export function parseMountinfo(text: string): Mount[] {
	const mounts: Mount[] = [];
	for (const line of text.split("\n")) {
		const [before, after] = line.split(" - ");
		const fields = before?.split(" ") ?? [];
		const [root, point, type] = [fields[3], fields[4], after?.split(" ")[0]];
		if (root !== undefined && point !== undefined && type !== undefined) {
			mounts.push({ root: unescapeOctal(root), point: unescapeOctal(point), type });
		}
	}
	return mounts;
}

/** The kernel writes space, tab, newline and backslash as `\040` and so on. */
function unescapeOctal(text: string): string {
	return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
		String.fromCharCode(Number.parseInt(digits, 8)),
	);
}
