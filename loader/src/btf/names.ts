const identifier = /^[A-Za-z_$][\w$]*$/;

/** `affinity_timeout_s` -> `affinityTimeoutS`; outer underscores go. A name that would be no identifier stays as it is. */
export function camelCase(name: string): string {
	const words = name.split("_").filter((word) => word !== "");
	const joined = words.map((word, index) => (index === 0 ? lowerFirst(word) : upperFirst(word))).join("");
	return identifier.test(joined) ? joined : name;
}

/** `frontend_key` -> `FrontendKey`. */
export function pascalCase(name: string): string {
	return upperFirst(camelCase(name));
}

/**
 * Property names for the members of one struct: camelCase, except where two members would meet in one name; those keep
 * the names they have in C, which differ.
 */
export function propertyNames(names: readonly string[]): string[] {
	const properties = names.map(camelCase);
	return properties.map((property, index) =>
		properties.indexOf(property) === properties.lastIndexOf(property) ? property : (names[index] ?? property),
	);
}

/**
 * Names of an enum's values without the prefix they share: the words of the enum's own name where they have it
 * (`enum backend_state { BACKEND_FREE }`), else all that they have in common up to an underscore.
 */
export function enumMemberNames(enumName: string, names: readonly string[]): string[] {
	const words = enumName.toUpperCase().split("_");
	const own = words.map((_, index) => `${words.slice(0, words.length - index).join("_")}_`);
	const shared = names.length > 1 ? sharedPrefixes(names) : [];
	const prefix = [...own, ...shared].find((candidate) =>
		names.every((name) => name.startsWith(candidate) && identifier.test(name.slice(candidate.length))),
	);
	return names.map((name) => name.slice(prefix?.length ?? 0));
}

/** Every prefix of the first name that ends in an underscore, longest first. */
function sharedPrefixes([first = ""]: readonly string[]): string[] {
	const ends = [...first.matchAll(/_/g)].map((match) => match.index + 1);
	return ends.reverse().map((end) => first.slice(0, end));
}

function upperFirst(word: string): string {
	return word.charAt(0).toUpperCase() + word.slice(1);
}

function lowerFirst(word: string): string {
	return word.charAt(0).toLowerCase() + word.slice(1);
}
