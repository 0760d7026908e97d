import {
	attachCgroup,
	attachClsact,
	attachSkMsg,
	attachTcx,
	attachXdp,
	interfaceIndex,
	loadObject,
	type Program,
	probe,
} from "bpf-loader";
import type { Feature } from "./feature.ts";
import type { Place } from "./place.ts";

/** Ways to attach programs. */
export const attachFeatures: readonly Feature[] = [
	{
		name: "cgroup links",
		works: (place) =>
			withProgram(place, "pass_connect", (program) => {
				attachCgroup({ program, cgroup: place.cgroup }).detach();
			}),
	},
	{
		name: "tcx links",
		fallback: "clsact filters",
		works: (place) =>
			withProgram(place, "pass_tc", (program) => {
				for (const direction of ["ingress", "egress"] as const) {
					attachTcx({ program, ifindex: loopback, direction }).detach();
				}
			}),
	},
	{
		name: "clsact filters",
		works: (place) =>
			withProgram(place, "pass_tc", (program) => {
				for (const direction of ["ingress", "egress"] as const) {
					attachClsact({ program, ifindex: loopback, direction }).detach();
				}
			}),
	},
	{ name: "XDP native on veth", works: (place) => worksOnVeth(place, "native") },
	{ name: "XDP generic on veth", works: (place) => worksOnVeth(place, "generic") },
	{
		name: "sk_msg on a sockhash",
		works: ({ spec }) => {
			using object = loadObject(spec, { programs: { redirect_msg: { load: true } } });
			const { redirect_msg: program } = object.programs;
			const { sockets: map } = object.maps;
			if (program === undefined || map === undefined) throw new Error("features.bpf.c has no redirect_msg");
			attachSkMsg({ program, map }).detach();
			return true;
		},
	},
	{
		name: "links to socket maps",
		fallback: "attaching without a link",
		works: () => probe().sockMapLinks(),
	},
	{ name: "programs on netkit devices", works: () => probe().attachType("netkit_primary") },
];

/** Index of lo, in every namespace. */
const loopback = 1;

/** Loads one program of features.bpf.c and attaches it in the namespace. */
function withProgram({ spec, inside }: Place, name: string, attach: (program: Program) => void): boolean {
	using object = loadObject(spec, { programs: { [name]: { load: true } } });
	const program = object.programs[name];
	if (program === undefined) throw new Error(`features.bpf.c has no ${name}`);
	inside(() => attach(program));
	return true;
}

function worksOnVeth(place: Place, mode: "native" | "generic"): boolean {
	place.ip("link", "add", "xdp0", "type", "veth", "peer", "name", "xdp1");
	try {
		return withProgram(place, "pass_xdp", (program) => {
			attachXdp({ program, ifindex: interfaceIndex("xdp0"), mode }).detach();
		});
	} finally {
		place.ip("link", "delete", "xdp0");
	}
}
