"""Where the kinds that steward writes live in the API of a cluster, and in which order they are written.

A table instead of discovery: discovery costs a fresh API server two more requests per kind, and a
kind that is not in here is one that nobody has thought about yet.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

Manifest = Mapping[str, Any]

_CLUSTER, _NAMESPACED = False, True
RIGHTS = "rbac.authorization.k8s.io/v1"
# Where bindings of rights are listed, those of all namespaces at once.
BINDINGS: Mapping[str, str] = {
    "ClusterRoleBinding": f"/apis/{RIGHTS}/clusterrolebindings",
    "RoleBinding": f"/apis/{RIGHTS}/rolebindings",
}

# (apiVersion, kind): (plural, whether it stands in a namespace). The order is the order of writing;
# kinds in one tuple do not lean on each other and are written at the same time.
_WAVES: Sequence[Mapping[tuple[str, str], tuple[str, bool]]] = (
    {("v1", "Namespace"): ("namespaces", _CLUSTER)},
    {("apiextensions.k8s.io/v1", "CustomResourceDefinition"): ("customresourcedefinitions", _CLUSTER)},
    {
        (RIGHTS, "ClusterRole"): ("clusterroles", _CLUSTER),
        (RIGHTS, "ClusterRoleBinding"): ("clusterrolebindings", _CLUSTER),
        (RIGHTS, "Role"): ("roles", _NAMESPACED),
        (RIGHTS, "RoleBinding"): ("rolebindings", _NAMESPACED),
        ("scheduling.k8s.io/v1", "PriorityClass"): ("priorityclasses", _CLUSTER),
        ("v1", "ServiceAccount"): ("serviceaccounts", _NAMESPACED),
    },
    {
        ("v1", "ConfigMap"): ("configmaps", _NAMESPACED),
        ("v1", "Secret"): ("secrets", _NAMESPACED),
        ("v1", "Service"): ("services", _NAMESPACED),
        ("policy/v1", "PodDisruptionBudget"): ("poddisruptionbudgets", _NAMESPACED),
        ("networking.k8s.io/v1", "NetworkPolicy"): ("networkpolicies", _NAMESPACED),
    },
    {
        ("apps/v1", "Deployment"): ("deployments", _NAMESPACED),
        ("apps/v1", "DaemonSet"): ("daemonsets", _NAMESPACED),
    },
    {("apiregistration.k8s.io/v1", "APIService"): ("apiservices", _CLUSTER)},
)


def waves(manifests: Iterable[Manifest]) -> Iterator[list[Manifest]]:
    """The manifests, in groups that are written one after the other. ValueError for an unknown kind."""
    waiting = list(manifests)
    for each in waiting:
        path(each)
    for kinds in _WAVES:
        wave = [each for each in waiting if _kind_of(each) in kinds]
        if wave:
            yield wave


def path(manifest: Manifest) -> str:
    """Of the object that the manifest describes, below the server's address."""
    api_version, kind = _kind_of(manifest)
    plural, namespaced = _place(api_version, kind)
    metadata = manifest["metadata"]
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    if namespaced:
        root += f"/namespaces/{quote(metadata['namespace'], safe='')}"
    return f"{root}/{plural}/{quote(metadata['name'], safe=':')}"


def title(manifest: Manifest) -> str:
    """As people write it: `Deployment kube-system/coredns`."""
    metadata = manifest["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else metadata["name"]
    return f"{manifest['kind']} {name}"


def bound_to(bindings: Iterable[Manifest], role: str) -> dict[str, list[str]]:
    """Of cluster role bindings, those to this role, with their subjects as `User:alice`."""
    return {
        each["metadata"]["name"]: sorted(_subject(subject) for subject in each.get("subjects") or ())
        for each in bindings
        if each["roleRef"]["name"] == role
    }


def without(binding: Manifest, subjects: Sequence[str]) -> list[Manifest] | None:
    """Whom it names but these; None where it names none of them."""
    named = binding.get("subjects") or ()
    left = [each for each in named if _subject(each) not in subjects]
    return left if len(left) < len(named) else None


def _subject(subject: Manifest) -> str:
    """The API server heeds the namespace of service accounts alone: beside another name it hides nothing."""
    account = subject["kind"] == "ServiceAccount" and subject.get("namespace")
    place = f"{subject['namespace']}/" if account else ""
    return f"{subject['kind']}:{place}{subject['name']}"


def _kind_of(manifest: Manifest) -> tuple[str, str]:
    return manifest["apiVersion"], manifest["kind"]


def _place(api_version: str, kind: str) -> tuple[str, bool]:
    for kinds in _WAVES:
        if (api_version, kind) in kinds:
            return kinds[api_version, kind]
    raise ValueError(f"{api_version} {kind} is not a kind that steward writes")
