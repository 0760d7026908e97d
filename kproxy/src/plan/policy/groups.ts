/** Names by the namespace that they are in. */
export class Groups {
	readonly #members = new Map<string, Set<string>>();

	note(name: string, namespace: string, isThere: boolean): void {
		const members = this.#members.get(namespace) ?? new Set();
		if (isThere) this.#members.set(namespace, members.add(name));
		else if (members.delete(name) && members.size === 0) this.#members.delete(namespace);
	}

	in(namespace: string): Iterable<string> {
		return this.#members.get(namespace) ?? [];
	}
}
