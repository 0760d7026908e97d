import type { OptionTable } from "../command.ts";
import { bpffsOptions, outputOptions } from "../options.ts";

export const mapsOptions = { ...bpffsOptions, ...outputOptions } as const satisfies OptionTable;
