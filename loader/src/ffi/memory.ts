import koffi from "koffi";
import type { Pointer } from "./library.ts";

/** Address of a typed array's memory, which stays where it is for as long as the array is referenced. */
export const addressOf = (array: Uint8Array | Uint32Array): Pointer => koffi.address(array);
