import { type Codec, possibleCpus } from "bpf-loader";

/**
 * All CPUs' values of one entry, in the order of CPU numbers: as the kernel hands them over, each rounded up to 8 bytes.
 * Encoding throws RangeError where there is not one value for each possible CPU.
 */
export function perCpuCodec<V>(value: Codec<V>, cpus: number = possibleCpus()): Codec<V[]> {
	const stride = Math.ceil(value.size / 8) * 8;
	return {
		name: `${value.name} × ${cpus} CPUs`,
		size: stride * cpus,
		encode(values, view, offset) {
			if (values.length !== cpus) {
				throw new RangeError(`${values.length} values of ${value.name}, but there are ${cpus} possible CPUs`);
			}
			for (let cpu = 0; cpu < cpus; cpu++) value.encode(values[cpu] as V, view, offset + cpu * stride);
		},
		decode(view, offset) {
			return Array.from({ length: cpus }, (_, cpu) => value.decode(view, offset + cpu * stride));
		},
	};
}
