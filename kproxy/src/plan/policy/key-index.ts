/** Things by their keys, of which each may have several. */
export class KeyIndex<T> {
	readonly #things = new Map<string, Set<T>>();

	add(keys: Iterable<string>, thing: T): void {
		for (const key of keys) this.#things.set(key, (this.#things.get(key) ?? new Set()).add(thing));
	}

	delete(keys: Iterable<string>, thing: T): void {
		for (const key of keys) {
			const things = this.#things.get(key);
			if (things?.delete(thing) && things.size === 0) this.#things.delete(key);
		}
	}

	/** All that have the key. */
	with(key: string): Iterable<T> {
		return this.#things.get(key) ?? [];
	}

	/** All that have at least one of the keys, each once. */
	withAny(keys: Iterable<string>): Set<T> {
		const found = new Set<T>();
		for (const key of keys) for (const thing of this.with(key)) found.add(thing);
		return found;
	}
}
