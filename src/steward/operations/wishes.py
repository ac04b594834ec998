"""Fields of an order whose function does not stand yet: validated, and refused where they ask for an effect.

Called by `clusters` and `nodepools`. What asks for the default is accepted, because real clients always send it.
"""

import uuid
from ipaddress import IPv4Network

from steward.domain import clusters, errors, networks
from steward.operations import orders


def checked_uuid(text: str, what: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise errors.BadInput(f"[{what}] Given data ({text[:64]}) is not valid for type uuid") from None


def check_network_uuid(text: str) -> None:
    try:
        uuid.UUID(text)
    except ValueError:
        raise errors.BadInput(f"Private network {text[:64]} is not a correct uuid", name="InvalidDataError") from None


def ranges(order: orders.ClusterOrder, plan: clusters.Plan) -> tuple[IPv4Network, IPv4Network]:
    """The ranges of pods and services."""
    if plan is clusters.Plan.FREE:
        if order.pods is not None or order.services is not None:
            raise errors.BadInput(
                "[ipAllocationPolicy] is available only on the standard plan", name="InvalidDataError"
            )
        return networks.DEFAULT_PODS, networks.DEFAULT_SERVICES
    pods, services = networks.STANDARD_PODS, networks.DEFAULT_SERVICES
    if order.pods is not None:
        pods = networks.checked_range(order.pods, "ipAllocationPolicy.podsIpv4Cidr")
    if order.services is not None:
        services = networks.checked_range(order.services, "ipAllocationPolicy.servicesIpv4Cidr")
    networks.check_apart(pods, services)
    return pods, services


def check_pool(order: orders.PoolOrder | orders.PoolChange) -> None:
    if order.floating_ips:
        raise _not_offered("attachFloatingIps", "floating IPs of nodes")
    if isinstance(order, orders.PoolOrder) and order.monthly_billed:
        raise _not_offered("monthlyBilled", "monthly billing")


def _not_offered(field: str, what: str) -> errors.BadInput:
    return errors.BadInput(f"[{field}] {what} is not offered yet; leave it out", name="InvalidDataError")
