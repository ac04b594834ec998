"""Where a cluster's control plane runs.

| Rule | Mandatory |
|---|---|
| every verb returns at once: it starts or stops, it does not wait until something serves | yes |
| `ensure` may be called any number of times; what stands as wanted is left alone | yes |
| `ensure` of a part starts nothing else than that part | yes |
| `observe` reports what is, from the outside of the process, never what was asked for | yes |
| `remove` of what is gone is no error; after it nothing of the cluster is left on the machine | yes |
| the runtime starts a part that died again by itself, with back-off, and reports it as a change | yes |
| nothing of a cluster ends when steward ends | yes |
| `restrict` counts at once, for connections that stand too; nodes, pods, probes and steward are let in always | yes |
| `admission` is read back from where packets are judged; a network that is made anew lets everybody in | yes |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Protocol

from steward.domain import clusters, networks, restrictions, versions


class Part(StrEnum):
    NETWORK = "network"
    ETCD = "etcd"
    API_SERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"
    SCHEDULER = "kube-scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """All that a runtime must know. `files` are credentials by file name, written 0600."""

    cluster_id: clusters.ClusterId
    network: networks.ClusterNetwork
    version: versions.Version
    pods: IPv4Network
    services: IPv4Network
    files: Mapping[str, str] = field(repr=False)
    etcd_quota_bytes: int = 400 * 2**20
    sources: frozenset[restrictions.Network] | None = None  # who may reach the API; None: everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """`running` is the process (or the link); whether it serves is asked of the API itself."""

    running: bool
    restarts: int = 0
    reason: str = ""  # why it does not run; the last line of its log where it has one


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Who is let in to the API by now. `refused` are packets that were turned away since the list was made.

    `intact` is false where the rules are others than those that were made, so that the list says nothing.
    """

    sources: frozenset[restrictions.Network] | None
    refused: int = 0
    intact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What is still there of a cluster, by name: of what served it, and of its data."""

    service: Sequence[str] = ()  # processes, namespaces, links, cgroups
    data: Sequence[str] = ()  # folders


class ControlPlanes(Protocol):
    async def ensure(self, wanted: ControlPlane, part: Part) -> None: ...

    async def mark_served(self, cluster_id: clusters.ClusterId) -> None:
        """etcd has answered a quorum read: from now on its data is never thrown away."""
        ...

    async def observe(self, cluster_id: clusters.ClusterId) -> Mapping[Part, PartState]: ...

    async def restrict(self, wanted: ControlPlane) -> None:
        """Let in `wanted.sources` and nobody else; the cluster's network stands."""
        ...

    async def admission(self, wanted: ControlPlane) -> Admission | None:
        """None where the cluster's network does not stand."""
        ...

    async def knock(self, wanted: ControlPlane) -> bool:
        """Whether a stranger, at the host's end of the cluster's link, is let in to the API."""
        ...

    async def remove(self, cluster_id: clusters.ClusterId) -> None: ...

    async def remains(self, cluster_id: clusters.ClusterId, slot: int) -> Remains:
        """Looked for on the machine itself, nodes included; asked while the slot is still the cluster's."""
        ...
