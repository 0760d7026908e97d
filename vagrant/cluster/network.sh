#!/usr/bin/env bash
# Where the pods of other nodes are, and how pods get out; at every start, as nothing of it is on disk.
# Arguments: the numbers of the other nodes.
set -euo pipefail
for number in "$@"; do
	ip route replace "10.244.$number.0/24" via "192.168.56.1$number"
done
nft -f /kproxy/vagrant/cluster/masquerade.nft
