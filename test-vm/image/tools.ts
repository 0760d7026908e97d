/** What of this machine goes into every guest. */

/** A program of the guest, and the Debian package that brings it. */
export interface Tool {
	name: string;
	package: string;
}

/** Everything that the tests call and busybox has not, or not whole. */
export const TOOLS: readonly Tool[] = [
	...from("dash", ["sh"]),
	...from("bash", ["bash"]),
	...from("coreutils", ["cat", "cp", "env", "id", "nice", "sleep", "timeout", "uname"]),
	...from("util-linux", ["nsenter", "setpriv", "unshare"]),
	...from("mount", ["mount", "umount"]),
	...from("iproute2", ["ip", "bridge", "tc", "ss"]),
	...from("curl", ["curl"]),
	...from("nftables", ["nft"]),
	...from("iptables", ["iptables-nft", "iptables-nft-restore", "iptables-nft-save"]),
	...from("iptables", ["ip6tables-nft", "ip6tables-nft-restore", "ip6tables-nft-save"]),
	...from("iptables", ["iptables-legacy", "iptables-legacy-restore", "iptables-legacy-save"]),
	...from("iptables", ["ip6tables-legacy", "ip6tables-legacy-restore", "ip6tables-legacy-save"]),
	...from("clang", ["clang"]),
	...from("llvm", ["llvm-strip"]),
];

/** What the host needs beside `TOOLS`: to make images, and to boot them. */
export const HOST_TOOLS: readonly Tool[] = [
	...from("busybox-static", ["busybox"]),
	...from("squashfs-tools", ["mksquashfs"]),
	...from("libc-bin", ["ldd"]),
	...from("xz-utils", ["xz"]),
	...from("qemu-system-x86", ["qemu-system-x86_64"]),
];

/** Read at run time: no list of libraries names them. */
export const FILES: readonly string[] = [
	"/etc/protocols",
	"/etc/services",
	"/usr/include/asm-generic",
	"/usr/include/bpf",
	"/usr/include/linux",
	"/usr/include/x86_64-linux-gnu/asm",
	"/usr/lib/x86_64-linux-gnu/xtables",
];

/** Loaded by name: no list of libraries names them either. */
export const LIBRARIES: readonly string[] = ["libbpf.so.1"];

function from(name: string, programs: readonly string[]): Tool[] {
	return programs.map((program) => ({ name: program, package: name }));
}
