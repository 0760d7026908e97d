import test from "ava";
import fc from "fast-check";
import { BpfError } from "../../src/index.ts";
import { encodeRequest, netlinkMessages, readAttributes, readText } from "../../src/netlink/message.ts";
import { parseAddress, parseDefaultRoutes, parseLink } from "../../src/netlink/network.ts";
import { parseSocket } from "../../src/netlink/sock-diag.ts";
import { type Recording, recordedBytes } from "./recorded.ts";

const hexView = (hex: string): DataView => new DataView(Uint8Array.from(Buffer.from(hex, "hex")).buffer);

test("A request is read back as the message it is", (t) => {
	const request = { type: 20, flags: 0x301, sequence: 7, body: Uint8Array.of(1, 2, 3, 4) };
	const [message, ...others] = netlinkMessages(encodeRequest(request));
	t.deepEqual(others, []);
	t.like(message, { type: 20, flags: 0x301, sequence: 7 });
	t.is(message?.body.getUint32(0), 0x01020304);
});

test("Attributes are found by number, without the bits that share its field, and past padding", (t) => {
	const attributes = readAttributes(hexView(`0700 0380 6c6f00 00 0800 0400 dc050000`.replaceAll(" ", "")));
	t.deepEqual([...attributes.keys()], [3, 4]);
	t.is(readText(attributes.get(3)), "lo");
	t.is(attributes.get(4)?.getUint32(0, true), 1500);
});

for (const [title, hex] of [
	["shorter than its header", "0300030000"],
	["longer than the message", "0900030001020304"],
	["cut within its header", "08000300010203040800"],
] as const) {
	test(`An attribute ${title} is refused`, (t) => {
		t.throws(() => readAttributes(hexView(hex)), { instanceOf: BpfError, code: "NETLINK_FORMAT" });
	});
}

test("Whatever bytes come, parsing ends, with a result or with NETLINK_FORMAT", (t) => {
	const recordings: Recording[] = ["links", "addresses", "routes", "udp"];
	const damaged = fc
		.tuple(
			fc.constantFrom(...recordings),
			fc.nat(),
			fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
		)
		.map(([recording, cut, changes]) => {
			const bytes = recordedBytes(recording);
			for (const [at, value] of changes) bytes[at % bytes.length] = value;
			return bytes.subarray(0, cut % (bytes.length + 1));
		});
	fc.assert(
		fc.property(damaged, (bytes) => {
			try {
				for (const message of netlinkMessages(bytes)) {
					for (const parse of [parseLink, parseAddress, parseDefaultRoutes, parseSocket]) parse(message);
				}
			} catch (error) {
				if (!(error instanceof BpfError) || error.code !== "NETLINK_FORMAT") throw error;
			}
		}),
		{ numRuns: 2000, seed: 1 },
	);
	t.pass();
});
