"""From what a person typed, a name or an id, to the one object that is meant."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from steward.cli import failures
from steward.cli import session as session_
from steward.client import clusters, errors, gateways, models, nodepools, nodes, private_networks, subnets

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Named = TypeVar("Named", bound=Mapping[str, object])


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def cluster(session: session_.Session, text: str) -> models.Cluster:
    link, project = session.link(), session.project
    if found := _by_id(text, lambda: clusters.get(link, project, text)):
        return found
    return _only("cluster", text, clusters.every(link, project), where=f"project {project}")


def pool(session: session_.Session, cluster_id: str, text: str) -> models.NodePool:
    every = nodepools.every(session.link(), session.project, cluster_id)
    return _only("node pool", text, every, where=f"cluster {cluster_id}")


def node(session: session_.Session, cluster_id: str, text: str) -> models.Node:
    link, project = session.link(), session.project
    # Deleted nodes stand in no list, and can still be asked for by id.
    if found := _by_id(text, lambda: nodes.get(link, project, cluster_id, text)):
        return found
    return _only("node", text, nodes.every(link, project, cluster_id), where=f"cluster {cluster_id}")


def private_network(session: session_.Session, text: str) -> models.PrivateNetwork:
    every = private_networks.every(session.link(), session.project)
    return _only("private network", text, every, where=f"project {session.project}")


def subnet(session: session_.Session, network: models.PrivateNetwork, text: str) -> models.Subnet:
    """A subnet's name is its range."""
    every = subnets.every(session.link(), session.project, network["id"])
    return _only("subnet", text, every, where=f"private network {network['name']}", name="cidr")


def gateway(session: session_.Session, network: models.PrivateNetwork, text: str) -> models.Gateway:
    every = every_gateway(session, network)
    return _only("gateway", text, every, where=f"private network {network['name']}")


def every_gateway(session: session_.Session, network: models.PrivateNetwork) -> list[models.Gateway]:
    """Of a private network, in all of its regions."""
    return [
        gateway
        for place in network["regions"]
        for gateway in gateways.every(session.link(), session.project, place["region"])
        if any(leg["networkId"] == place["openstackId"] for leg in gateway["interfaces"])
    ]


def _by_id(text: str, get: Callable[[], Named]) -> Named | None:
    """None where it is no id. A name may look like one, so that an id that is not there is tried as a name."""
    if not is_id(text):
        return None
    try:
        return get()
    except errors.ApiError as error:
        if not error.not_found:
            raise
        return None


def _only(kind: str, text: str, every: Sequence[Named], *, where: str, name: str = "name") -> Named:
    by_id = [each for each in every if each["id"] == text]
    found = by_id or [each for each in every if each[name] == text]
    if len(found) == 1:
        return found[0]
    if found:
        identifiers = "\n".join(f"  {each['id']}  {_told_apart(each)}" for each in found)
        raise failures.Usage(
            f"{len(found)} {kind}s are named {text!r}. Give the id of the one you mean:\n{identifiers}"
        )
    there = ", ".join(str(each[name]) for each in every) or "none"
    raise failures.NotFound(f"There is no {kind} {text!r} in {where}. There are: {there}.")


def _told_apart(one: Mapping[str, object]) -> str:
    created = one.get("createdAt")
    return f"{one['status']}, created {created}" if created else str(one["status"])
