import test from "ava";
import { u32, u64 } from "bpf-loader";
import { memoryTable } from "bpf-maps";
import { type ContractSubject, tableContract } from "./table-contract.ts";

const subject = (kind: "hash" | "array"): ContractSubject<bigint> => ({
	title: `a memory table of kind ${kind}`,
	open: (maxEntries) => ({
		table: memoryTable({ name: "svc_slots", key: u32, value: u64, maxEntries, kind }),
		close() {},
	}),
	value: BigInt,
	badValue: -1n,
});

tableContract(test, subject("hash"), "sparse");
tableContract(test, subject("array"), "dense");
