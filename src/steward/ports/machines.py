"""Where nodes run. The rules are those of `control_planes.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

from steward.domain import clusters, customizations, flavors, networks, nodes, private_networks, versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """All that a runtime must know of one node. `files` are credentials by file name.

    Another authority among them, or other parameters of kube-proxy, reach a machine that stands: the programs that
    read them only when they start are started again, and no pod is touched.
    """

    node_id: nodes.NodeId
    cluster_id: clusters.ClusterId
    name: str
    number: int
    network: networks.ClusterNetwork
    pods: IPv4Network  # of the whole cluster
    services: IPv4Network
    version: versions.Version
    generation: int = 0
    flavor: flavors.Flavor
    proxy_mode: clusters.ProxyMode = clusters.ProxyMode.IPTABLES
    proxy: customizations.KubeProxy = customizations.DEFAULT.kube_proxy
    leg: private_networks.Leg | None = None  # on the private network of its cluster
    instance_id: str
    files: Mapping[str, str] = field(repr=False)

    @property
    def address(self) -> IPv4Address:
        """What its cluster knows it by: the private one, where it has one."""
        return self.network.node_address(self.number) if self.leg is None else self.leg.address


def parameters(mode: clusters.ProxyMode, proxy: customizations.KubeProxy) -> str:
    """Those of kube-proxy that count in this mode, as one line."""
    set_ = customizations.tree(customizations.Customization(kube_proxy=proxy))["kubeProxy"][mode.value]
    return " ".join([mode.value, *(f"{name}={value}" for name, value in sorted(set_.items()))])


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """`running` when the machine and every program of the node's own runs.

    Version and generation are those that it was made with; empty where a release made it that kept no note of them.
    """

    instance_id: str
    running: bool
    restarts: int = 0
    reason: str = ""
    version: str = ""
    generation: int = 0
    proxy_mode: str = ""  # as its kube-proxy was told: iptables, ipvs or nftables
    parameters: str = ""  # that its kube-proxy runs with, in the form of `parameters`


class Machines(Protocol):
    async def ensure(self, wanted: Machine) -> None:
        """One that stands with another version or generation is left as it is: whoever empties it removes it."""
        ...

    async def observe(self, cluster_id: clusters.ClusterId) -> Mapping[nodes.NodeId, MachineState]: ...

    async def remove(self, cluster_id: clusters.ClusterId, node_id: nodes.NodeId) -> None: ...
