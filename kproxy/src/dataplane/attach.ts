import { existsSync, renameSync, statSync } from "node:fs";
import { attachCgroup, type Link, openPinnedLink, type Program, unpin } from "bpf-loader";
import type { PinLayout } from "./bpffs.ts";

/** What became of a program: attached anew, put into the link that was there, or moved from another cgroup. */
export type AttachOutcome = "attached" | "updated" | "moved";

/**
 * Puts a program at its hook of a cgroup and sees to it that the link is pinned in its place. A link that is pinned there
 * already gets the program in one step; where it belongs to another cgroup, or to one that is gone, the new link is
 * attached before the old one goes. There is no moment without a program.
 */
export function attachPinned(
	{ program, cgroup }: { program: Program; cgroup: string },
	layout: Pick<PinLayout, "link" | "pendingLink">,
): AttachOutcome {
	const path = layout.link(program.name);
	// A start that was killed half-way may have left one.
	const pending = layout.pendingLink(program.name);
	if (existsSync(pending)) detachPinned(pending);
	if (!existsSync(path)) {
		using link = attachCgroup({ program, cgroup });
		link.pin(path);
		return "attached";
	}
	using old = openPinnedLink(path);
	if (isAt(old, cgroup)) {
		old.update(program);
		return "updated";
	}
	using link = attachCgroup({ program, cgroup });
	link.pin(pending);
	// Takes the old pin's place in one step.
	renameSync(pending, path);
	old.detach();
	return "moved";
}

/**
 * Takes a pinned link off its hook, then its pin away. The kernel lets go of a link some time after its last pin and
 * descriptor, or not at all while somebody else holds one: only a detach is done when it returns.
 */
export function detachPinned(path: string): void {
	using link = openPinnedLink(path);
	link.detach();
	unpin(path);
}

/** Is this link on this cgroup? The kernel names a cgroup by its directory's inode, and one that is gone by 0. */
export function isAt(link: Link, cgroup: string): boolean {
	return link.info().cgroupId === statSync(cgroup, { bigint: true }).ino;
}
