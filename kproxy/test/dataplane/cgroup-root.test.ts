import test from "ava";
import { type CgroupView, findCgroup } from "../../src/dataplane/cgroup-root.ts";
import { parseMountinfo } from "../../src/dataplane/mounts.ts";

const UNIFIED = "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
const HYBRID = [
	"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
	"35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
	"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
].join("\n");
const V1_ONLY = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
const BIND_FIRST = [
	"50 22 0:26 /kubepods /var/lib/odd\\040name rw - cgroup2 cgroup2 rw",
	"29 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
].join("\n");

/** `roots`: directories that have no cgroup above them. */
function view(
	mountinfo: string,
	{ roots = [], prefix = "" }: { roots?: string[]; prefix?: string } = {},
): CgroupView {
	const points = parseMountinfo(mountinfo)
		.filter(({ type }) => type === "cgroup2")
		.map(({ point }) => `${prefix}${point}`);
	return {
		mounts: () => ({ mountinfo, prefix }),
		isCgroup2: (path) => points.some((point) => path === point || path.startsWith(`${point}/`)),
		hasParent: (path) => !roots.includes(path),
	};
}

for (const { title, mountinfo, roots, prefix, path, virtualised } of [
	{
		title: "On a unified host the root is the mount of cgroup2",
		mountinfo: UNIFIED,
		roots: ["/sys/fs/cgroup"],
		path: "/sys/fs/cgroup",
		virtualised: false,
	},
	{
		title: "On a hybrid host it is the one cgroup2 mount among those of version 1",
		mountinfo: HYBRID,
		roots: ["/sys/fs/cgroup/unified"],
		path: "/sys/fs/cgroup/unified",
		virtualised: false,
	},
	{
		title: "A bind mount of a part that comes first is not taken for the root",
		mountinfo: BIND_FIRST,
		roots: ["/sys/fs/cgroup"],
		path: "/sys/fs/cgroup",
		virtualised: false,
	},
	{
		title: "In a container with the host's PID 1 the root is reached through it",
		mountinfo: UNIFIED,
		roots: ["/proc/1/root/sys/fs/cgroup"],
		prefix: "/proc/1/root",
		path: "/proc/1/root/sys/fs/cgroup",
		virtualised: false,
	},
	{
		title: "The root of a cgroup namespace is used and said to be virtualised",
		mountinfo: UNIFIED,
		path: "/sys/fs/cgroup",
		virtualised: true,
	},
]) {
	test(title, (t) => {
		const options = { ...(roots && { roots }), ...(prefix !== undefined && { prefix }) };
		t.deepEqual(findCgroup(undefined, view(mountinfo, options)), { path, virtualised });
	});
}

test("A directory that is asked for is taken as it is", (t) => {
	const asked = "/sys/fs/cgroup/unified/test";
	t.deepEqual(findCgroup(asked, view(HYBRID)), { path: asked, virtualised: false });
});

test("A directory on another file system is refused, and the right mount named", (t) => {
	const error = t.throws(() => findCgroup("/sys/fs/cgroup/memory", view(HYBRID)));
	t.like(error, {
		code: "NOT_CGROUP2",
		message: "/sys/fs/cgroup/memory is not a directory of a cgroup2 file system",
		hint: "cgroup2 is mounted at /sys/fs/cgroup/unified",
	});
});

test("A host without cgroup2 is told how to mount it", (t) => {
	const error = t.throws(() => findCgroup(undefined, view(V1_ONLY)));
	t.like(error, {
		code: "NO_CGROUP2",
		hint: "mkdir -p /run/cgroup2 && mount -t cgroup2 cgroup2 /run/cgroup2",
	});
});

test("Mount points with blanks are read as the kernel writes them", (t) => {
	t.deepEqual(parseMountinfo(BIND_FIRST)[0], {
		root: "/kubepods",
		point: "/var/lib/odd name",
		type: "cgroup2",
	});
	t.deepEqual(parseMountinfo("garbage\n\n"), []);
});
