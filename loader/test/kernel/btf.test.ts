import { readFileSync } from "node:fs";
import test from "ava";
import { findType } from "../../src/btf/types.ts";
import {
	BpfError,
	decodeValue,
	layoutFinder,
	loadObject,
	openSpec,
	parseBtf,
	readKernelBtf,
} from "../../src/index.ts";
import { compileObject, mapOf } from "../btf/compile.ts";

test("The BTF of a loaded map decodes its values", (t) => {
	const source = `
		enum state { STATE_FREE, STATE_ACTIVE };
		struct thing { struct in6_addr address; __be16 port; enum state state; };
		${mapOf("struct thing")};`;
	using object = loadObject(openSpec(compileObject(source)));
	const info = object.maps.things?.info;
	const btf = readKernelBtf(info?.btfId ?? 0);
	const bytes = Buffer.from("00000000000000000000ffff0a000001005000000100000000", "hex");
	const value = decodeValue(btf, info?.valueTypeId ?? 0, bytes);
	t.deepEqual(value, { address: "10.0.0.1", port: 80, state: "ACTIVE" });
});

test("The kernel's own BTF is read, and its largest structs have layouts", (t) => {
	const btf = parseBtf(readFileSync("/sys/kernel/btf/vmlinux"));
	const layoutOf = layoutFinder(btf);
	for (const name of ["task_struct", "sk_buff", "tcp_sock", "iphdr"]) {
		const layout = layoutOf(findType(btf, "struct", name) ?? 0);
		t.is(layout.cName, `struct ${name}`);
		t.true(layout.size > 0);
	}
});

test("BTF that nothing has loaded is an error of its own", (t) => {
	for (const id of [0, 0xffff_fff0]) {
		const error = t.throws(() => readKernelBtf(id), { instanceOf: BpfError });
		t.is(error.code, "BTF_GONE", error.message);
	}
});
