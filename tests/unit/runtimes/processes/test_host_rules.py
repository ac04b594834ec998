"""What the host has for all clusters: made anew where somebody took it away, and gone with the service."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.domain import networks
from steward.runtimes.processes import host, links, logs, places, supervision
from tests.system import service as service_

pytestmark = pytest.mark.root

PLACED = ("p0", "p12", "r7")


@pytest.fixture
def ground() -> Iterator[tuple[str, networks.Plan]]:
    with service_.free_name("stwhr") as instance, service_.free_range() as network:
        plan = networks.Plan(network)
        try:
            yield instance, plan
        finally:
            asyncio.run(links.remove_networks(instance))
            asyncio.run(links.remove_host(instance, plan))


@pytest.mark.parametrize(
    "loss",
    [
        ("nft", "delete", "table", "ip", "{instance}"),
        ("ip", "route", "del", "unreachable", "{plan.range}"),
        ("ip", "addr", "del", "{plan.registry}/32", "dev", "lo"),
    ],
)
def test_what_somebody_took_away_is_made_anew(
    ground: tuple[str, networks.Plan], loss: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, plan = ground
    monkeypatch.setattr(logs, "bound", lambda spot: None)

    async def story() -> None:
        own = host.ProcessHost(
            places.Places(Path("/nowhere"), instance),
            plan,
            supervision.Supervisor(),
            host.Overcommit(memory=1, cpu=1, disk=1),
            host.Registry(program=_none, configuration="", environment={}),
        )
        await links.ensure_host(instance, plan)
        assert await links.host_stands(instance, plan)
        subprocess.run([each.format(instance=instance, plan=plan) for each in loss], check=True)
        assert not await links.host_stands(instance, plan)
        await own.look_after()
        assert await links.host_stands(instance, plan)

    asyncio.run(story())


async def _none() -> Path:
    raise AssertionError("no registry is started here")


def test_segments_and_routers_go_and_nothing_else(ground: tuple[str, networks.Plan]) -> None:
    instance, _ = ground
    names = [f"{instance}-{each}" for each in (*PLACED, "5")]
    for name in names:
        subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(
            ["ip", "link", "add", f"{instance}-r7", "type", "veth", "peer", "name", "up0", "netns", names[2]],
            check=True,
        )
        asyncio.run(links.remove_networks(instance))
        left = [each.name for each in places.namespace_path("x").parent.glob(f"{instance}-*")]
        assert left == [f"{instance}-5"]
        assert subprocess.run(["ip", "link", "show", f"{instance}-r7"], capture_output=True, check=False).returncode
    finally:
        subprocess.run(["ip", "netns", "del", f"{instance}-5"], check=True)
