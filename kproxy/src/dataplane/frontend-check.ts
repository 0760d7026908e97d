import { type Frontend, type FrontendKey, frontendCodec, frontendKeyCodec } from "./generated/sock_lb.ts";

/** `CHECK_FACTOR` of bpf/lib/frontend.h. */
const CHECK_FACTOR = 0x9e3779b1;

const view = new DataView(new ArrayBuffer(frontendKeyCodec.size + frontendCodec.size));

/**
 * The value with the check that programs want: of key and value as they lie in the map, with the check itself as 0. By
 * it a program sees that what it reads is the entry that it looked up, and whole.
 */
export function sealFrontend(key: FrontendKey, value: Omit<Frontend, "check">): Frontend {
	frontendKeyCodec.encode(key, view, 0);
	frontendCodec.encode({ ...value, check: 0 }, view, frontendKeyCodec.size);
	let check = 0;
	for (let offset = 0; offset < view.byteLength; offset += 4) {
		check = (Math.imul(check, CHECK_FACTOR) + view.getUint32(offset, true)) | 0;
	}
	return { ...value, check: (check ^ (check >>> 16)) & 0xffff };
}
