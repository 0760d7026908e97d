import type { Codec } from "./codec.ts";
import { bytes } from "./codec-sequence.ts";

/**
 * A value of a C union. C does not say which member is in use, so the value is its `bytes`, all of them, and each member is
 * a read-only view of them, decoded when it is read.
 */
export type UnionValue<Members> = { readonly bytes: Uint8Array } & Readonly<Members>;

/** Codec of a union. It writes `bytes` and looks at nothing else, so that what was read is written back byte for byte. */
export interface UnionCodec<Members> extends Codec<UnionValue<Members>> {
	/** A value with this member set and zeros behind it, where the member is shorter than the union. */
	of<M extends keyof Members & string>(member: M, value: Members[M]): UnionValue<Members>;
	/** A value from all bytes of the union. */
	from(bytes: Uint8Array): UnionValue<Members>;
}

/** Makes the codec of a union of `size` bytes from the codecs of its members. */
export function union<Members extends object>(
	name: string,
	size: number,
	members: { readonly [M in keyof Members]: Codec<Members[M]> },
): UnionCodec<Members> {
	const raw = bytes(size);
	const from = (content: Uint8Array): UnionValue<Members> => {
		const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
		const value = { bytes: content };
		for (const member of Object.keys(members) as (keyof Members & string)[]) {
			const get = () => members[member].decode(view, 0);
			Object.defineProperty(value, member, { enumerable: true, get });
		}
		return value as UnionValue<Members>;
	};
	return {
		name,
		size,
		encode: (value, view, offset, where = name) => raw.encode(value.bytes, view, offset, where),
		decode: (view, offset) => from(raw.decode(view, offset)),
		of(member, value) {
			const content = new Uint8Array(size);
			members[member].encode(value, new DataView(content.buffer), 0, `${name}.${member}`);
			return from(content);
		},
		from(content) {
			const view = new DataView(new ArrayBuffer(size));
			raw.encode(content, view, 0, name);
			return from(raw.decode(view, 0));
		},
	};
}
