"""Restrictions in the kernel of this machine: packets of allowed and refused sources, rules that somebody changed."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import uvloop

from steward.domain import networks, restrictions
from steward.outside import clock
from steward.ports.control_planes import Admission
from steward.runtimes.processes import links, places
from steward.runtimes.processes import restrictions as restrictions_
from tests import virtual
from tests.system import neighbours
from tests.system import service as service_

pytestmark = pytest.mark.root

INSTANCE, SLOT = "stwrx", 3
_SERVER = "import socket\nserver = socket.create_server(('', 6443))\nprint('ready', flush=True)\n"
_SERVER += "while True: server.accept()[0].close()"
_HOLDING = """
import socket, struct, sys
line = socket.create_connection({target}, 2)
# It ends with this program. Else the kernel goes on sending, to whichever cluster has the address next.
line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
print('ready', flush=True)
sys.stdin.readline()
line.sendall(b'x')
sys.stdin.readline()
"""


@dataclass(frozen=True)
class Ground:
    """A cluster's network on this machine, with somebody who listens where the API server would."""

    spot: places.Places
    plan: networks.Plan

    @property
    def network(self) -> networks.ClusterNetwork:
        return self.plan.cluster(SLOT)

    async def only(self, *blocks: str) -> None:
        await restrictions_.ensure(self.spot, SLOT, restrictions.admitted(blocks), self.plan.caller)

    async def seen(self) -> Admission:
        return await restrictions_.seen(self.spot, SLOT, self.plan.caller)

    def nft(self, *arguments: str) -> None:
        path = places.namespace_path(self.spot.namespace(SLOT))
        subprocess.run(["nsenter", f"--net={path}", "--", "nft", *arguments], check=True)


@contextmanager
def running(script: str, *before: str) -> Iterator["subprocess.Popen[str]"]:
    """A program, from its first line on."""
    process = subprocess.Popen(
        [*before, "python3", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


@asynccontextmanager
async def ground(folder: Path, network: IPv4Network) -> AsyncIterator[Ground]:
    made = Ground(places.Places(folder, INSTANCE), networks.Plan(network))
    await links.ensure_host(INSTANCE, made.plan)
    try:
        await links.ensure_cluster(made.spot, made.network, networks.DEFAULT_PODS)
        with running(_SERVER, "nsenter", f"--net={places.namespace_path(made.spot.namespace(SLOT))}", "--"):
            yield made
    finally:
        await links.remove_cluster(made.spot, SLOT)
        await links.remove_host(INSTANCE, made.plan)


def played(folder: Path, story: Callable[[Ground], Awaitable[None]]) -> None:
    async def whole() -> None:
        with service_.free_range() as network:
            async with ground(folder, network) as made:
                await story(made)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the service does: its pipes are sockets
        runner.run(whole())


def test_an_allowed_source_is_let_in_and_a_refused_one_is_not(tmp_path: Path) -> None:
    async def story(made: Ground) -> None:
        with neighbours.standing(made.network.api_address):
            assert neighbours.connects(neighbours.STRANGER), "everybody is let in at first"
            await made.only(neighbours.FRIEND)
            assert neighbours.connects(neighbours.FRIEND)
            assert (await made.seen()).refused == 0
            assert not neighbours.connects(neighbours.STRANGER)
            assert (await made.seen()).refused > 0, "its packets came as far as the cluster, with their source"
            await made.only("198.51.100.0/24")
            assert neighbours.connects(neighbours.STRANGER)
            await made.only("2001:db8::/32")
            assert not neighbours.connects(neighbours.FRIEND), "a list of other sources lets nobody else in"

    played(tmp_path, story)


def test_nobody_beyond_the_host_comes_in_past_the_mapped_address(tmp_path: Path) -> None:
    """A neighbour's own route to the link is no way in, with restrictions or without."""

    async def story(made: Ground) -> None:
        with neighbours.standing(made.network.api_address):
            route = ["ip", "-n", neighbours.NAMESPACE, "route", "add", str(made.plan.links), "via", neighbours.HOST]
            subprocess.run(route, check=True)
            script = f"socket.create_connection(('{made.network.api_address}', 6443), 1)"
            inside = [
                "nsenter",
                f"--net=/run/netns/{neighbours.NAMESPACE}",
                "--",
                "python3",
                "-c",
                f"import socket; {script}",
            ]
            said = subprocess.run(inside, capture_output=True, text=True, check=False)
            assert "timed out" in said.stderr

    played(tmp_path, story)


def test_steward_calls_from_an_address_that_is_let_in_and_the_hosts_own_end_is_a_stranger(tmp_path: Path) -> None:
    async def story(made: Ground) -> None:
        await made.only(neighbours.FRIEND)
        assert not await restrictions_.knocked(made.network)
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(
                str(made.network.api_address), networks.API_PORT, local_addr=(str(made.plan.caller), 0)
            )
        writer.transport.abort()

    played(tmp_path, story)


def test_a_connection_that_stands_is_cut_as_well(tmp_path: Path) -> None:
    async def story(made: Ground) -> None:
        target = f"('{made.network.api_address}', {networks.API_PORT})"
        with running(_HOLDING.format(target=target)) as process:
            await made.only(neighbours.FRIEND)
            assert process.stdin is not None
            process.stdin.write("now\n")
            process.stdin.flush()

            async def turned_away() -> bool:
                return (await made.seen()).refused > 0

            await virtual.eventually(clock.SystemClock(), turned_away, within=10, what="a packet that is turned away")

    played(tmp_path, story)


@pytest.mark.parametrize(
    "change",
    [
        ("insert", "rule", "inet", restrictions_.TABLE, restrictions_.CHAIN, "accept"),
        ("flush", "chain", "inet", restrictions_.TABLE, restrictions_.CHAIN),
        ("add", "element", "inet", restrictions_.TABLE, "sources4", "{ 192.0.2.1 }"),
        ("delete", "table", "inet", restrictions_.TABLE),
    ],
)
def test_what_somebody_changed_by_hand_is_seen_and_put_right(tmp_path: Path, change: tuple[str, ...]) -> None:
    async def story(made: Ground) -> None:
        await made.only(neighbours.FRIEND)
        wanted = await made.seen()
        assert wanted == Admission(sources=frozenset({IPv4Network(neighbours.FRIEND)}))
        made.nft(*change)
        changed = await made.seen()
        assert (changed.sources, changed.intact) != (wanted.sources, True)
        await made.only(neighbours.FRIEND)
        assert await made.seen() == wanted

    played(tmp_path, story)


def test_the_rules_are_listed_again_only_once_somebody_changed_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[int] = []
    listing = restrictions_.seen

    async def counted(spot: places.Places, slot: int, caller: networks.Address) -> Admission:
        listed.append(slot)
        return await listing(spot, slot, caller)

    monkeypatch.setattr(restrictions_, "seen", counted)

    async def story(made: Ground) -> None:
        looks = restrictions_.Admissions(made.spot, made.plan.caller)
        for _ in range(3):
            assert await looks.seen(SLOT) == Admission(sources=None)
        assert len(listed) == 1, "where everybody is let in and nothing changed, the kernel's count is enough"
        made.nft("add", "table", "inet", restrictions_.TABLE)
        assert not (await looks.seen(SLOT)).intact, "by whomever it was changed"
        made.nft("delete", "table", "inet", restrictions_.TABLE)
        assert (await looks.seen(SLOT)).intact
        await made.only(neighbours.FRIEND)
        for _ in range(2):
            assert (await looks.seen(SLOT)).sources == restrictions.admitted((neighbours.FRIEND,))
        assert len(listed) == 5, "what is refused is counted, so a list is read each time"
        await links.remove_cluster(made.spot, SLOT)
        await links.ensure_cluster(made.spot, made.network, networks.DEFAULT_PODS)
        assert await looks.seen(SLOT) == Admission(sources=None), "a namespace made anew is another one"
        assert len(listed) == 6

    played(tmp_path, story)
