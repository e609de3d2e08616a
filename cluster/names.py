"""Names that don't depend on the Kubernetes release; release.py has those that do."""

PROJECT = "kubernetes-observed"

MARKER = PROJECT
"""The ConfigMap in `kube-public` that marks a cluster as the project's. `up` creates it last."""

NETWORK = "kind"
"""The Docker network that all kind clusters of an engine share."""

IMAGES_LABEL = f"{PROJECT}.images"
"""The label on images that the project created; its value is the image source."""

FINGERPRINT_LABEL = f"{PROJECT}.fingerprint"
"""The label on a node image with the fingerprint of everything that the image is built from."""

EXTERNAL_CLIENT_LABEL = f"{PROJECT}=external-client"
"""The label on containers that send requests to the cluster from outside."""

CHECK_NAMESPACE = f"{PROJECT}-check"
"""The namespace of the objects in manifests/check.yaml."""
