"""An API server that dies while its successor comes up, on programs that only sleep; the rest is in tests/ports."""

import asyncio
import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.domain import clusters, versions
from steward.runtimes.processes import launch, places, sockets, succession, supervision
from tests.ports import bundles

pytestmark = pytest.mark.loopback

WANTED = dataclasses.replace(bundles.plain_control_plane(0, {}, versions.Version(1, 37, 2)), generation=1)
LISTENS = """
import socket, time
listener = socket.create_server(("127.0.0.1", 0), reuse_port=True)
print(listener.getsockname()[1], flush=True)
time.sleep(60)
"""


def _program(here: places.ClusterPlaces, name: str, log: Path) -> supervision.Program:
    return supervision.Program(name=f"c1/{name}", record=here.record(name), log=log, command=("/bin/sleep", "60"))


def _not_yet() -> None:
    raise supervision.NotYet("its successor takes its place")


def test_whoever_dies_unnoticed_is_followed_by_the_successor_that_runs(tmp_path: Path) -> None:
    here = places.ClusterPlaces(folder=tmp_path, cluster_id=clusters.ClusterId("c1"))
    first, heir = (_program(here, name, tmp_path / "log") for name in ("api", f"api{succession.NEXT}"))
    place = succession.Place(here=here, namespace="none", authority="", program=first, heir=heir)

    async def story() -> None:
        supervisor = supervision.Supervisor()
        await supervisor.ensure(first)
        await supervisor.ensure(heir)
        supervisor._watched[first.name].program = dataclasses.replace(first, prepare=_not_yet)
        successor = supervisor.pid(heir.name)
        dead = supervisor.pid(first.name)
        assert successor
        assert dead
        os.kill(dead, signal.SIGKILL)
        while not launch.is_ending(dead):
            os.sched_yield()  # the loop is not let on: it would notice
        try:
            replacement = succession.Succession(supervisor)
            async with asyncio.timeout(20):
                while supervisor.pid(first.name) != successor:
                    await replacement.step(WANTED, place)
                    assert not launch.is_ending(successor)
                    await asyncio.sleep(0.01)
        finally:
            for program in (first, heir):
                await supervisor.stop(program.name, program.record, grace=0.0)

    asyncio.run(story())


@pytest.fixture
def listening() -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen((sys.executable, "-c", LISTENS), stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


class TestDirecting:
    def test_one_that_listens(self, listening: "subprocess.Popen[str]") -> None:
        port = int(listening.stdout.readline())
        assert sockets.direct(listening.pid, port, to=0)
        assert not sockets.direct(listening.pid, port + 1, to=0)
        assert not launch.is_ending(listening.pid)

    @pytest.mark.parametrize("reaped", [False, True])
    def test_one_that_dies_after_its_listener_was_seen(
        self, listening: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch, reaped: bool
    ) -> None:
        port = int(listening.stdout.readline())
        seen = sockets._listener(listening.pid, port)
        assert seen is not None
        monkeypatch.setattr(sockets, "_listener", lambda *_: seen)
        listening.kill()
        os.waitid(os.P_PID, listening.pid, os.WEXITED | os.WNOWAIT)
        if reaped:
            listening.wait()
        assert launch.is_ending(listening.pid)
        assert not sockets.direct(listening.pid, port, to=0)

    def test_one_that_closed_its_listener_after_it_was_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sockets, "_listener", lambda *_: 1 << 20)
        assert not sockets.direct(os.getpid(), 1, to=0)
