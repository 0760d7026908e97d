#!/usr/bin/env bash
# What every node needs before it is one: a container runtime, pods' network configuration, the kubelet.
# Arguments: the node's number, and the Kubernetes version as pkgs.k8s.io names it, as in v1.34.
set -euo pipefail
cd /kproxy/vagrant/cluster
number=$1
kubernetes=$2
export DEBIAN_FRONTEND=noninteractive

install_packages() {
	apt-get install -y --no-install-recommends "$@"
}

apt-get update
# conntrack: some versions of kubeadm ask for it before they start.
install_packages ca-certificates conntrack containerd containernetworking-plugins curl iptables nftables

install -D -m 644 containerd.toml /etc/containerd/config.toml
systemctl restart containerd
mkdir -p /etc/cni/net.d
sed "s/NODE/$number/" pods.conflist >/etc/cni/net.d/10-pods.conflist

echo net.ipv4.ip_forward=1 >/etc/sysctl.d/90-pods.conf
sysctl -q -p /etc/sysctl.d/90-pods.conf
# The kubelet does not start beside swap.
swapoff -a
sed -i '/\sswap\s/d' /etc/fstab

packages=https://pkgs.k8s.io/core:/stable:/$kubernetes/deb/
key=/etc/apt/keyrings/kubernetes.asc
mkdir -p /etc/apt/keyrings
curl -fsSL --retry 3 -o "$key" "$packages/Release.key"
echo "deb [signed-by=$key] $packages /" >/etc/apt/sources.list.d/kubernetes.list
# Not the address of the provider's own network, which is the same on every node.
echo "KUBELET_EXTRA_ARGS=--node-ip=192.168.56.1$number" >/etc/default/kubelet
apt-get update
install_packages kubeadm kubectl kubelet
apt-mark hold kubeadm kubectl kubelet
