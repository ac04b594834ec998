"""What customers ask for, as values: the edge fills them in, operations check and carry them out.

None means that the customer said nothing, so that defaults and partial changes are decided in one place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steward.domain import nodepools


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalingOrder:
    scale_down_unneeded_seconds: int | None = None
    scale_down_unready_seconds: int | None = None
    scale_down_utilization: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOrder:
    flavor: str
    name: str | None = None
    desired: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    autoscale: bool | None = None
    autoscaling: AutoscalingOrder | None = None
    anti_affinity: bool | None = None
    monthly_billed: bool | None = None
    floating_ips: bool | None = None
    availability_zones: Sequence[str] | None = None
    template: nodepools.Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolChange:
    desired: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    autoscale: bool | None = None
    autoscaling: AutoscalingOrder | None = None
    floating_ips: bool | None = None
    template: nodepools.Template | None = None
    remove_first: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOrder:
    """`customization` and `private_network` are OVHcloud's trees with their nulls dropped."""

    region: str
    name: str | None = None
    version: str | None = None  # a minor version, or a full one of the catalogue
    plan: str | None = None
    update_policy: str | None = None
    proxy_mode: str | None = None
    pods: str | None = None
    services: str | None = None
    private_network_id: str | None = None
    nodes_subnet_id: str | None = None
    load_balancers_subnet_id: str | None = None
    private_network: Mapping[str, Any] | None = None
    customization: Mapping[str, Any] | None = None
    pools: Sequence[PoolOrder] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetOrder:
    """What is left out goes back to its default, but for name and version, which stay."""

    name: str | None = None
    version: str | None = None  # a minor version
    update_policy: str | None = None
    proxy_mode: str | None = None
    pods: str | None = None
    services: str | None = None
    private_network_id: str | None = None
    nodes_subnet_id: str | None = None
    load_balancers_subnet_id: str | None = None
    private_network: Mapping[str, Any] | None = None
    customization: Mapping[str, Any] | None = None
    workers: str | None = None  # delete or reinstall


def named(order: ClusterOrder) -> str:
    """The fields that the customer decided itself; the others take the defaults that it accepted with the contract."""
    decided = {
        "region": order.region,
        "version": order.version,
        "plan": order.plan,
        "network": order.private_network_id,
        "updatePolicy": order.update_policy,
        "kubeProxyMode": order.proxy_mode,
        "pods": order.pods,
        "services": order.services,
    }
    return ",".join(name for name, value in decided.items() if value)
