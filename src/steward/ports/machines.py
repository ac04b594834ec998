"""Where nodes run. The rules are those of `control_planes.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

from steward.domain import clusters, flavors, networks, nodes, private_networks, versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """All that a runtime must know of one node. `files` are credentials by file name."""

    node_id: nodes.NodeId
    cluster_id: clusters.ClusterId
    name: str
    number: int
    network: networks.ClusterNetwork
    pods: IPv4Network  # of the whole cluster
    services: IPv4Network
    version: versions.Version
    flavor: flavors.Flavor
    proxy_mode: clusters.ProxyMode = clusters.ProxyMode.IPTABLES
    leg: private_networks.Leg | None = None  # on the private network of its cluster
    instance_id: str
    files: Mapping[str, str] = field(repr=False)

    @property
    def address(self) -> IPv4Address:
        """What its cluster knows it by: the private one, where it has one."""
        return self.network.node_address(self.number) if self.leg is None else self.leg.address


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """`running` when the machine and every program of the node's own runs."""

    instance_id: str
    running: bool
    restarts: int = 0
    reason: str = ""
    proxy_mode: str = ""  # as its kube-proxy was told: iptables, ipvs or nftables


class Machines(Protocol):
    async def ensure(self, wanted: Machine) -> None: ...

    async def observe(self, cluster_id: clusters.ClusterId) -> Mapping[nodes.NodeId, MachineState]: ...

    async def remove(self, cluster_id: clusters.ClusterId, node_id: nodes.NodeId) -> None: ...
