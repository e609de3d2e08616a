#!/bin/bash
# Lets Pods start where the host doesn't give CAP_SYS_RESOURCE even to root, as in some
# CI sandboxes. Does nothing if the node has the capability.
#
# Symptoms without it:
#   - runc: "unable to apply caps" for privileged Pods such as kube-proxy,
#     and "error setting rlimit" for the rest;
#   - containerd: "write /proc/self/oom_score_adj: permission denied" for every Pod;
#   - kubelet: exits on "write /proc/sys/vm/overcommit_memory: permission denied" or
#     on the score of its own process; KubeletInUserNamespace turns these errors into warnings.
set -o errexit -o nounset -o pipefail

cap_sys_resource=24
bounding_set=$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)
if (( 0x${bounding_set} >> cap_sys_resource & 1 )); then
  exit 0
fi

sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' /etc/containerd/config.toml

base=/etc/containerd/cri-base.json
jq 'del(.process.rlimits) | .process.capabilities |= map_values(map(select(. != "CAP_SYS_RESOURCE")))' \
  "${base}" > "${base}.new"
mv "${base}.new" "${base}"

gate=--feature-gates=KubeletInUserNamespace=true
grep -q -e "${gate}" /etc/default/kubelet || sed -i "s/^KUBELET_EXTRA_ARGS=.*/& ${gate}/" /etc/default/kubelet
