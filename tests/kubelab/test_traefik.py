"""The manifest of a lab's own Ingress controller, and what becomes of its name and options."""

from types import SimpleNamespace

import yaml

from cluster import versions
from kubelab import traefik
from kubelab.traefik import Traefik, documents


def test_it_runs_the_traefik_of_the_cluster():
    [container] = pod_spec(documents("controller", ()))["containers"]
    assert container["image"] == versions.IMAGES["traefik"]


def test_its_manifest_is_the_one_that_kubectl_applies():
    manifest = yaml.safe_load_all(traefik.MANIFEST.read_text())
    assert documents("controller", ()) == list(manifest)


def test_everything_carries_the_name_that_it_is_given():
    account, binding, service, deployment = found = documents("strict", ())
    assert {each["metadata"]["name"] for each in found} == {"strict"}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account["metadata"]["name"]}]
    assert binding["roleRef"]["name"] == "traefik"
    assert pod_spec(found)["serviceAccountName"] == "strict"
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert labels == deployment["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]


def test_options_follow_the_arguments_that_every_lab_needs():
    without = pod_spec(documents("controller", ()))["containers"][0]["args"]
    args = pod_spec(documents("controller", ("--log.level=DEBUG",)))["containers"][0]["args"]
    assert args == [*without, "--log.level=DEBUG"]


def test_it_looks_into_the_labs_namespace_only():
    for options in (traefik.INGRESS, traefik.GATEWAY):
        providers = [one.removesuffix("=true") for one in options if one.endswith("=true")]
        limits = [f"{provider}.namespaces=$(NAMESPACE)" for provider in providers]
        assert limits and set(limits) <= set(options)


def test_its_name_and_address_are_those_of_its_service():
    service = SimpleNamespace(name="controller", external_ip="172.18.255.200")
    controller = Traefik(service, None)
    assert (controller.name, controller.address) == ("controller", "172.18.255.200")


def pod_spec(found: list[dict]) -> dict:
    return found[-1]["spec"]["template"]["spec"]
