/** Runs in a network namespace: `reserve PORTS NOTE` or `release NOTE`; prints what changed. */
import { formatPorts, parsePorts, releasePorts, reservePorts } from "../../src/dataplane/reserved-ports.ts";

const [verb, ports = "", notePath = ports] = process.argv.slice(2);
const changed =
	verb === "reserve" ? reservePorts(parsePorts(ports), { notePath }) : releasePorts({ notePath });
process.stdout.write(formatPorts(changed));
