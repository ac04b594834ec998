"""The addresses that the settings give steward, and where its clusters are reached."""

from steward.domain import networks
from steward.settings import Settings


def of(settings: Settings) -> networks.Plan:
    return networks.Plan(settings.network, _entrance(settings))


def _entrance(settings: Settings) -> networks.Entrance | None:
    if not settings.cluster_host:
        return None
    return networks.Entrance(
        host=settings.cluster_host, address=settings.entrance_address, first_port=settings.cluster_ports
    )
