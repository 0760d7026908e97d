import { attachCgroup, loadObject, openSpec, VerifierError } from "bpf-loader";

/** Refuses TCP and connected UDP to one IPv4 port for all processes of a cgroup, until the guard is disposed. */
export function blockPort(objectPath: string, cgroup: string, port: number): Disposable {
	const spec = openSpec(objectPath); // plain data: no privileges, no kernel
	try {
		using object = loadObject<Names>(spec, { variables: { blocked_port: port } });
		return attachCgroup({ program: object.programs.guard, cgroup }); // the link keeps the program
	} catch (error) {
		if (error instanceof VerifierError) error.message += `\n${error.log.join("\n")}`; // whole log only when wanted
		throw error;
	}
}

/** bpf2ts writes this; a misspelt name then does not compile. */
interface Names {
	programs: "guard";
	maps: never;
	variables: "blocked_port";
}
