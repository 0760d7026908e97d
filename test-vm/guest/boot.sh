#!/bin/busybox sh
# shellcheck shell=dash
# First process of a guest: puts the images together under one root and goes on in it.
# The disks, in order: tools, the kernel's modules, the project.
set -e
busybox=/bin/busybox
$busybox mount -t proc proc /proc
$busybox mount -t devtmpfs dev /dev
while read -r module; do $busybox insmod "/modules/$module"; done </modules/order
for disk in vda vdb vdc; do
	$busybox mkdir -p /disks/$disk
	$busybox mount -t squashfs -o ro /dev/$disk /disks/$disk
done
$busybox mkdir -p /changes /root
$busybox mount -t tmpfs -o size=90% changes /changes
$busybox mkdir -p /changes/upper /changes/work
lower=/disks/vdc:/disks/vdb:/disks/vda
$busybox mount -t overlay -o lowerdir=$lower,upperdir=/changes/upper,workdir=/changes/work root /root
$busybox umount /proc
$busybox mount -o move /dev /root/dev
exec $busybox switch_root /root /bin/sh /kproxy/test-vm/guest/init.sh
