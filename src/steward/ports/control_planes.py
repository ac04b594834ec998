"""Where a cluster's control plane runs.

| Rule | Mandatory |
|---|---|
| every verb returns at once: it starts or stops, it does not wait until something serves | yes |
| `ensure` may be called any number of times; what stands as wanted is left alone | yes |
| what is not as wanted is replaced, a step with each `ensure`, until `observe` shows the wanted mark | yes |
| an API server is replaced without a refused request, but where it is wanted `at_once` | yes |
| one whose successor does not come to serve goes on | yes |
| a replacement that was cut off anywhere is carried on by the next `ensure`, of whichever steward | yes |
| `ensure` of a part starts nothing else than that part | yes |
| `observe` reports what is, from the outside of the process, never what was asked for | yes |
| `remove` of what is gone is no error; after it nothing of the cluster is left on the machine | yes |
| the runtime starts a part that died again by itself, with back-off, and reports it as a change | yes |
| nothing of a cluster ends when steward ends | yes |
| `restrict` counts at once, for connections that stand too; nodes, pods, probes and steward are let in always | yes |
| `admission` is read back from where packets are judged; a network that is made anew lets everybody in | yes |
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Protocol

from steward.domain import clusters, customizations, networks, openidconnects, restrictions, versions

ETCD_QUOTA = {clusters.Plan.FREE: 400 * 2**20, clusters.Plan.STANDARD: 8 * 2**30}  # bytes, as OVHcloud's plans say


class Part(StrEnum):
    NETWORK = "network"
    ETCD = "etcd"
    API_SERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"
    SCHEDULER = "kube-scheduler"


# Files that a program reads when it starts and never again; all others it reads again by itself.
_READ_ONCE: Mapping[Part, tuple[str, ...]] = {
    Part.ETCD: ("etcd-ca.crt",),
    Part.API_SERVER: (
        "ca.crt",
        "encryption.yaml",
        "etcd-ca.crt",
        "kubelet-client.crt",
        "service-account.key",
        "service-account.pub",
    ),
    Part.CONTROLLER_MANAGER: ("ca.crt", "front-proxy-ca.crt", "service-account.key"),
    Part.SCHEDULER: ("ca.crt",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a running program was started with: its version, and a digest of all that it reads only then."""

    version: str
    generation: int = 0
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.version}/{self.generation}/{self.digest}"

    @classmethod
    def parse(cls, text: str) -> "Mark | None":
        version, _, rest = text.partition("/")
        generation, _, digest = rest.partition("/")
        return cls(version=version, generation=int(generation), digest=digest) if generation.isdigit() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """All that a runtime must know. `files` are credentials by file name, written 0600.

    `generation` counts the changes that were asked for since the cluster's order; a greater one replaces the API
    server even where nothing else differs. `at_once` lets it end before its successor serves.
    """

    cluster_id: clusters.ClusterId
    network: networks.ClusterNetwork
    version: versions.Version
    pods: IPv4Network
    services: IPv4Network
    files: Mapping[str, str] = field(repr=False)
    etcd_quota_bytes: int = ETCD_QUOTA[clusters.Plan.FREE]
    sources: frozenset[restrictions.Network] | None = None  # who may reach the API; None: everybody
    admission_plugins: tuple[str, ...] = customizations.PLUGINS  # those that are on, sorted
    openid: openidconnects.OpenIdConnect | None = None
    generation: int = 0
    at_once: bool = False

    def mark(self, part: Part) -> Mark:
        """What a program of this part has to carry to be as wanted."""
        told: list[str] = [self.files.get(name, "") for name in _READ_ONCE.get(part, ())]
        if part in (Part.API_SERVER, Part.CONTROLLER_MANAGER):
            told += [str(self.services), str(self.pods)]
        if part is Part.ETCD:
            told.append(str(self.etcd_quota_bytes))
        if part is Part.API_SERVER:
            told += [repr(self.admission_plugins), repr(self.openid)]
        digest = hashlib.sha256(repr(told).encode()).hexdigest()[:16]
        generation = self.generation if part is Part.API_SERVER else 0
        # etcd is the same program with every version of Kubernetes, and goes on through an update.
        version = "" if part is Part.ETCD else str(self.version)
        return Mark(version=version, generation=generation, digest=digest)

    def is_met(self, part: Part, seen: Mark | None) -> bool:
        """Without a mark it was started by a release that could not change anything, and is as wanted until then."""
        if part is Part.NETWORK:
            return True
        return self.generation == 0 if seen is None else seen == self.mark(part)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """`running` is the process (or the link); whether it serves is asked of the API itself.

    `mark` is that of the process which runs, None where it does not say. `replacing` is what a replacement waits for.
    """

    running: bool
    mark: Mark | None = None
    replacing: str = ""
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
