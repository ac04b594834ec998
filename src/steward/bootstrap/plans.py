"""The addresses that the settings give steward, and where its clusters are reached."""

from ipaddress import IPv4Address

from steward.domain import networks
from steward.settings import Settings


def of(settings: Settings) -> networks.Plan:
    return networks.Plan(settings.network, _entrance(settings))


def _entrance(settings: Settings) -> networks.Entrance | None:
    if not settings.cluster_host:
        return None
    # The settings have been checked: without an address of its own, the host is one.
    address = settings.cluster_address or IPv4Address(settings.cluster_host)
    return networks.Entrance(host=settings.cluster_host, address=address, first_port=settings.cluster_ports)
