#!/usr/bin/env bash
# Builds the image, makes the cluster without kube-proxy, puts kproxy there, and hands workers what they need to join.
set -euo pipefail
cd /kproxy
address=192.168.56.10
for_workers=/srv/kproxy
# With the registry that the kubelet takes a name without one to be of.
image=docker.io/library/$(sed -n 's/^ *image: //p' kproxy/deploy/daemonset.yaml)

DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends buildah python3
mkdir -p "$for_workers"
# --network host: no bridge and no rules of buildah's own on a node.
buildah build --layers --network host -f kproxy/deploy/Containerfile -t "$image" .
rm -f "$for_workers/kproxy.tar"
buildah push "$image" "docker-archive:$for_workers/kproxy.tar:$image"
ctr -n k8s.io images import "$for_workers/kproxy.tar"

[ -e /etc/kubernetes/admin.conf ] || kubeadm init --config vagrant/cluster/kubeadm.yaml
install -d -o vagrant -g vagrant /home/vagrant/.kube
install -o vagrant -g vagrant -m 600 /etc/kubernetes/admin.conf /home/vagrant/.kube/config
export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl apply -f vagrant/cluster/kube-proxy.yaml
kubectl apply -k kproxy/deploy
kubectl -n kube-system rollout status daemonset kproxy --timeout 10m

kubeadm token create --print-join-command >"$for_workers/join"
systemctl is-active --quiet for-workers || systemd-run --unit for-workers --collect --property DynamicUser=yes \
	python3 -m http.server --bind "$address" --directory "$for_workers" 8000
