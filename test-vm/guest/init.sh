#!/bin/sh
# Second stage of a guest: the file systems, modules and settings of a node; then what the host asks for.
export PATH=/usr/bin:/usr/sbin HOME=/root TERM=dumb NODE_DISABLE_COLORS=1
export NODE_COMPILE_CACHE=/tmp/compile-cache KPROXY_TEST_GUEST=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs -o mode=1777,size=60% tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
ln -sf /proc/self/fd /dev/fd
hostname guest
# What a kernel has not got, or has built in, is told by the tests that need it.
while read -r module; do modprobe "$module" 2>/dev/null; done </kproxy/test-vm/guest/modules
ip link set lo up
# shellcheck disable=SC3045 # this sh is busybox, which has it
ulimit -n 65536
cd /kproxy || poweroff -f
if grep -q kproxy.shell /proc/cmdline; then
	echo "Linux $(uname -r). The project is in /kproxy; changes are lost. exit or poweroff -f ends the guest."
	setsid cttyhack sh -i
else
	stty -F /dev/ttyS1 raw -echo
	node test-vm/guest/main.ts <>/dev/ttyS1 >&0
fi
poweroff -f
