#!/bin/sh
# Second stage of a guest: the file systems, modules and settings of a node, then the task.
export PATH=/usr/bin:/usr/sbin HOME=/root NODE_DISABLE_COLORS=1
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
while read -r module; do modprobe "$module" 2>/dev/null || echo "no module $module"; done </kproxy/test-vm/guest/modules
ip link set lo up
ulimit -n 65536
cd /kproxy || poweroff -f
export NODE_COMPILE_CACHE=/tmp/compile-cache
node --conditions=source test-vm/guest/main.ts </task.json
poweroff -f
