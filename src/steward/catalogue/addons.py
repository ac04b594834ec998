"""What the provider installs inside every cluster: rights, DNS, metrics.

The manifests stand beside this file as YAML; what differs between clusters is put into the parsed
documents, never into text. Called by the reconciler, which applies them.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from typing import Any

import yaml

Manifest = dict[str, Any]

# Users of the provider's certificates: activity of the matrix and purpose. Their rights are in rbac.yaml.
KUBELET_CLIENT = "steward:3.1.1-1:kubelet-client"
NODES = "steward:3.2.2-4:nodes"
INSTALL = "steward:2.1-1:install"
REGISTRAR = "steward:3.1.2-2:certificates"

RIGHTS_API = "rbac.authorization.k8s.io/v1"
MANAGED_BY = {"app.kubernetes.io/managed-by": "steward"}


def manifests(*, dns_address: str, coredns_version: str, metrics_server_version: str) -> list[Manifest]:
    """All of them, in any order: who writes them knows which come first. Versions are those of the components."""
    return [
        *rights(),
        *coredns(dns_address=dns_address, version=coredns_version),
        *metrics_server(version=metrics_server_version),
    ]


def rights() -> list[Manifest]:
    return list(_documents("rbac"))


@cache
def rights_digest() -> str:
    """Changes with every release that has other rights."""
    return digest(rights())


def digest(manifests: list[Manifest]) -> str:
    return hashlib.sha256(json.dumps(manifests, sort_keys=True).encode()).hexdigest()


def coredns(*, dns_address: str, version: str) -> list[Manifest]:
    documents = list(_documents("coredns"))
    service = _only(documents, lambda each: each["kind"] == "Service")
    service["spec"]["clusterIP"] = dns_address
    _tag(documents, version)
    return documents


def metrics_server(*, version: str) -> list[Manifest]:
    documents = list(_documents("metrics-server"))
    _tag(documents, version)
    return documents


def _tag(documents: list[Manifest], version: str) -> None:
    deployment = _only(documents, lambda each: each["kind"] == "Deployment")
    for container in deployment["spec"]["template"]["spec"]["containers"]:
        container["image"] += f":v{version}"


def _only(documents: list[Manifest], matches: Callable[[Manifest], bool]) -> Manifest:
    (found,) = filter(matches, documents)
    return found


def _documents(name: str) -> Iterator[Manifest]:
    """Fresh each time, because callers fill them in."""
    for document in yaml.load_all(_text(name), Loader=yaml.CSafeLoader):
        if document is not None:
            document["metadata"]["labels"] = {**document["metadata"].get("labels", {}), **MANAGED_BY}
            yield document


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(f"addons/{name}.yaml").read_text(encoding="utf-8")
