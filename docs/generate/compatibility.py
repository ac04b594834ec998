"""compatibility.md: every operation of OVHcloud's that its Kubernetes clients call, served or a gap with its reason."""

from collections.abc import Iterator

from docs.generate import markdown
from steward.catalogue import ovh

_INTRO = """
# Compatibility with OVHcloud's API

{served} of {all} operations are served: {kube} of the {kube_all} of Managed Kubernetes and its capabilities, and
{others} of the {others_all} around them that its clients call. {models} models and {words} enumerations belong to them.
They stand as data in `src/steward/catalogue/ovh_operations.yaml` and `ovh_models.yaml`, written from OVHcloud's
specification and from what its clients send and read. Tests hold our published description against them, operation by
operation, field by field, word by word, and every answer of the API tests as well; what is not served stands in
`ovh_gaps.yaml`, and a line there whose operation is served fails a test. Values that are this service's own (versions,
regions, flavors, quotas) are not compared. What fields do not do yet: [api.md](api.md).

`…` is `/cloud/project/{{serviceName}}`, below `/1.0` and `/v1`; void is the JSON text `null`.
"""

_TITLES = {
    "kube": "Managed Kubernetes",
    "capabilities": "What can be ordered",
    "united-states": "In OVHcloud's US specification",
    "projects": "Projects, regions, flavors",
    "networks": "Private networks",
    "logs": "Logs",
    "identity": "Identity",
}
_OF_KUBERNETES = ("kube", "capabilities")


def page() -> str:
    return "\n".join(
        [markdown.NOTE.format(source="`src/steward/catalogue/ovh_*.yaml`").strip(), _introduction(), *_groups()]
    )


def _introduction() -> str:
    kube = [each for each in ovh.operations() if each.group in _OF_KUBERNETES]
    others = [each for each in ovh.operations() if each.group not in _OF_KUBERNETES]
    served = [sum(each.name not in ovh.gaps() for each in part) for part in (kube, others)]
    return (
        _INTRO.format(
            served=sum(served),
            all=len(ovh.operations()),
            kube=served[0],
            kube_all=len(kube),
            others=served[1],
            others_all=len(others),
            models=len(ovh.models()),
            words=len(ovh.enums()) + len(ovh.own_words()),
        ).strip("\n")
        + "\n"
    )


def _groups() -> Iterator[str]:
    for group, title in _TITLES.items():
        rows = [_row(each) for each in ovh.operations() if each.group == group]
        yield f"## {title}\n\n" + markdown.table(("Method", "Path", "Asked with", "Answered", "Served"), rows)


def _row(operation: ovh.Operation) -> tuple[str, ...]:
    path = operation.path.replace(ovh.PROJECT, "…")
    gap = ovh.gaps().get(operation.name)
    said = "yes" if gap is None else f"no: {gap}"
    if gap is None and operation.ours:
        said += f", with {markdown.code(operation.ours)}: the specified answer would crash the cluster autoscaler"
    return operation.method, markdown.code(path), markdown.code(operation.body), _answer(operation), said


def _answer(operation: ovh.Operation) -> str:
    if operation.answer is None:
        return "void"
    return markdown.code(operation.answer.name) + (" list" if operation.answer.many else "")
