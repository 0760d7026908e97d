import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { generateModule } from "../../src/index.ts";
import { compileSpec, mapOf, newPath } from "../btf/compile.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const importFrom = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

const long = "a_name_that_fills_a_line_quickly";
const sentence =
	"A sentence of many words, so that it does not go into one line and has to be wrapped in two of them.";

/** Every construct at once, with names and sentences that need more than a line. */
const source = `
	enum protocol { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 } PACKED;
	enum day { DAY_MONDAY_MORNING, DAY_TUESDAY_MORNING, DAY_WEDNESDAY_MORNING, DAY_THURSDAY_MORNING, DAY_FRIDAY };
	struct inner { __u8 low : 4; __s8 high : 4; bool on : 1; __u64 wide : 40; enum day day : 3; };
	union view { __u32 number; char name[6]; struct inner inner; } DOC("Three in one.");
	struct ${long} { __u32 ${long}; __be16 grid[2][3]; struct in_addr ${long}_too[4]; __u8 rest[7]; };
	struct thing {
		struct in6_addr address DOC("${sentence} ${sentence}");
		enum protocol protocol DOC("${sentence}");
		union view view;
		struct inner inners[2];
		struct ${long} ${long};
		union { __u64 a; double b; };
		__int128 huge;
		__s64 far;
		float small;
		char names[2][16];
	} DOC("Ends */ no comment.");
	${mapOf("struct thing")} DOC("${sentence} ${sentence}") DOC_OF(DAY_FRIDAY, "The last one.") DOC_OF(DAY_MONDAY_MORNING, "${sentence}");
	const volatile __u32 ${long}_limit DOC("${sentence}") = 1;
	const volatile struct in6_addr own_address = {};
	const volatile bool on DOC("${sentence}") = 1;
	SEC("xdp") DOC("Lets all pass.") int entry(struct xdp_md *ctx) { return ${long}_limit + on + own_address.in6_u.u6_addr8[0]; }
	char LICENSE[] SEC("license") = "GPL";`;

/** Uses of the module: what compiles, and what must not. */
const uses = `
import { loadObject, type ObjectSpec } from "${importFrom}";
import { Day, maps, type Names, Protocol, type Thing, type Tunables, viewCodec } from "./module.ts";

declare const thing: Thing;
export const address: string = thing.address;
export const protocol: Protocol = Protocol.TCP;
export const name: string = thing.view.name;
export const wide: bigint = thing.inners[0]?.wide ?? 0n;
export const day: Day | undefined = thing.inners[0]?.day;
export const view = viewCodec.of("name", "abc");
export const type: "hash" = maps.things.type;
maps.things.value.encode({ ...thing, protocol: 17 }, new DataView(new ArrayBuffer(512)), 0);
export const tunables: Tunables = { on: true, own_address: new Uint8Array(16) };
export const load = (spec: ObjectSpec) => loadObject<Names>(spec, { variables: tunables }).maps.things;
// @ts-expect-error: no such map
export const wrongName = (spec: ObjectSpec) => loadObject<Names>(spec).maps.thing;
// @ts-expect-error: no value of the enum
export const wrongProtocol: Protocol = 5;
// @ts-expect-error: a field that is misspelt
export const misspelt = thing.adress;
// @ts-expect-error: a member's value of another type
export const wrongView = viewCodec.of("name", 5);
// @ts-expect-error: a union's members are views
thing.view.name = "abc";
// @ts-expect-error: no such variable
export const wrongTunables: Tunables = { off: true };
// @ts-expect-error: 64 bits are a bigint
export const far: number = thing.far;
`;

function writeProject(): string {
	const directory = newPath(".project");
	mkdirSync(directory);
	const text = generateModule(compileSpec(source), { source: "test.bpf.o", importFrom });
	writeFileSync(join(directory, "module.ts"), text);
	writeFileSync(join(directory, "uses.ts"), uses);
	writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
	return directory;
}

const directory = writeProject();

test("what is written passes the project's lint and format untouched", (t) => {
	const config = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"));
	const own = { ...config, vcs: { enabled: false }, files: { includes: ["module.ts"] } };
	writeFileSync(join(directory, "biome.json"), JSON.stringify(own));
	const biome = join(root, "node_modules/.bin/biome");
	const { status, stdout, stderr } = spawnSync(biome, ["check", "module.ts"], {
		cwd: directory,
		encoding: "utf8",
	});
	t.is(status, 0, stdout + stderr);
});

test("what is written has the types that it promises", (t) => {
	const config = {
		extends: join(root, "tsconfig.test.json"),
		compilerOptions: { typeRoots: [join(root, "node_modules/@types")] },
		files: ["module.ts", "uses.ts"],
		include: [],
	};
	writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(config));
	const compiler = join(root, "node_modules/.bin/tsc");
	const { stdout } = spawnSync(compiler, ["-p", directory], { encoding: "utf8" });
	t.deepEqual(
		stdout.split("\n").filter((line) => /(module|uses)\.ts/.test(line)),
		[],
		stdout,
	);
});
