/** Below the ports that the kernel gives out. */
let next = 10_000;

/**
 * A port of its own for a dial over UDP. What comes from a port that was let pass before is of that flow still, and the
 * kernel gives out ports at random: of the sampled connections one denied dial in 14,000 is expected to be such a one.
 */
export function ownPort(protocol: "TCP" | "UDP"): { localPort?: number } {
	return protocol === "UDP" ? { localPort: next++ } : {};
}
