// Nothing is compiled from this module: it carries the CRDs (addons.py), and go.sum their checksum.
module kubernetes-observed/cluster/go/gateway-api

go 1.26.0

require sigs.k8s.io/gateway-api v1.6.1
