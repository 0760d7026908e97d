import test from "ava";
import { camelCase, enumMemberNames, pascalCase, propertyNames } from "../../src/btf/names.ts";

const names: [name: string, camel: string, pascal: string][] = [
	["port", "port", "Port"],
	["frontend_key", "frontendKey", "FrontendKey"],
	["affinity_timeout_s", "affinityTimeoutS", "AffinityTimeoutS"],
	["__pad", "pad", "Pad"],
	["trailing_", "trailing", "Trailing"],
	["in6_u", "in6U", "In6U"],
	["MixedCase_Name", "mixedCaseName", "MixedCaseName"],
	["_4in6", "_4in6", "_4in6"],
	["_", "_", "_"],
];

for (const [name, camel, pascal] of names) {
	test(`${name} becomes ${camel} and ${pascal}`, (t) => {
		t.is(camelCase(name), camel);
		t.is(pascalCase(name), pascal);
	});
}

test("members that would meet in one name keep the names they have in C", (t) => {
	t.deepEqual(propertyNames(["foo_bar", "fooBar", "other_one"]), ["foo_bar", "fooBar", "otherOne"]);
});

const enums: [name: string, values: string[], expected: string[]][] = [
	["scope", ["SCOPE_INTERNAL", "SCOPE_EXTERNAL"], ["INTERNAL", "EXTERNAL"]],
	["backend_state", ["BACKEND_FREE", "BACKEND_ACTIVE"], ["FREE", "ACTIVE"]],
	["algorithm", ["ALGORITHM_RANDOM"], ["RANDOM"]],
	["reason", ["REASON_NO_BACKEND", "REASON_NO_SLOT"], ["NO_BACKEND", "NO_SLOT"]],
	["sk_action", ["SK_DROP", "SK_PASS"], ["DROP", "PASS"]],
	["verdict", ["XDP_DROP", "XDP_PASS"], ["DROP", "PASS"]],
	["only", ["XDP_DROP"], ["XDP_DROP"]],
	["mixed", ["FIRST", "SECOND"], ["FIRST", "SECOND"]],
	["version", ["VERSION_4", "VERSION_6"], ["VERSION_4", "VERSION_6"]],
	["ip_version", ["IP_V_4", "IP_V_6"], ["V_4", "V_6"]],
];

for (const [name, values, expected] of enums) {
	test(`enum ${name} of ${values.join(", ")} has members ${expected.join(", ")}`, (t) => {
		t.deepEqual(enumMemberNames(name, values), expected);
	});
}
