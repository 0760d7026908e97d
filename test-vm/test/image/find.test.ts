import test from "ava";
import { adviseOn, librariesOf, missingTools } from "../../image/find.ts";

test("missing tools are named with the packages to install, each once", (t) => {
	const tools = [
		{ name: "sh", package: "dash" },
		{ name: "no-such-tool", package: "tools" },
		{ name: "nor-this-one", package: "tools" },
	];
	const missing = missingTools(tools);
	t.deepEqual(
		missing.map(({ name }) => name),
		["no-such-tool", "nor-this-one"],
	);
	t.is(adviseOn(missing), "no-such-tool, nor-this-one not found: apt-get install tools");
	t.is(adviseOn([]), undefined);
});

test("a program's libraries are found, its loader among them", (t) => {
	const libraries = librariesOf(process.execPath);
	t.true(libraries.some((path) => /\/libc\.so/.test(path)));
	t.true(libraries.some((path) => /\/ld-linux/.test(path)));
});
