import { affinityCommand } from "./affinity/index.ts";
import { backendsCommand } from "./backends/index.ts";
import { cleanupCommand } from "./cleanup/index.ts";
import type { Command } from "./command.ts";
import { conntrackCommand } from "./conntrack/index.ts";
import { diffCommand } from "./diff/index.ts";
import { doctorCommand } from "./doctor/index.ts";
import { dropsCommand } from "./drops/index.ts";
import { dumpCommand } from "./dump/index.ts";
import { frontendsCommand } from "./frontends/index.ts";
import { mapsCommand } from "./maps/index.ts";
import { policyCommand } from "./policy/index.ts";
import { runCommand } from "./run/index.ts";
import { statusCommand } from "./status/index.ts";

/** Every command, in the order of `kproxy --help`. */
export const commands: readonly Command[] = [
	runCommand,
	statusCommand,
	frontendsCommand,
	backendsCommand,
	affinityCommand,
	conntrackCommand,
	policyCommand,
	dropsCommand,
	mapsCommand,
	dumpCommand,
	diffCommand,
	doctorCommand,
	cleanupCommand,
];
