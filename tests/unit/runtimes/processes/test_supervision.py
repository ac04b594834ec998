"""What is said of a program that ended; the rest of supervision is tested on real programs (tests/ports)."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from steward.domain import clusters
from steward.runtimes.processes import host, launch, supervision


@pytest.mark.parametrize(
    "complaint",
    [
        'E1123 00:36:55.672830      11 run.go:72] "command failed" err="no cgroup"',
        "F1123 00:36:55.672830      11 main.go:1] fatal",
        '{"level":"fatal","msg":"failed to start etcd"}',
        'time="2026-11-23T01:01:11Z" level=error msg="no space left on device"',
        "panic: runtime error",
        "Error: unknown flag: --nonsense",
    ],
)
def test_the_last_complaint_is_the_reason(tmp_path: Path, complaint: str) -> None:
    log = tmp_path / "log"
    log.write_text(f"I1123 00:00:00 1 main.go] started\n{complaint}\nI1123 00:00:00 1 main.go] caches are synced\n")
    assert supervision.last_words(log) == complaint


def test_a_complaint_of_many_lines_is_told_with_them(tmp_path: Path) -> None:
    log = tmp_path / "log"
    head = 'E1127 00:24:10.706849   29049 run.go:72] "command failed" err='
    log.write_text(f"{head}<\n\tinvalid configuration: the issuer\n\tis nobody's\n >\nI1123 1 main.go] the end\n")
    assert supervision.last_words(log) == f"{head} invalid configuration: the issuer is nobody's"


def test_what_was_said_long_ago_is_no_reason(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("panic: long ago\n")
    os.utime(log, (time.time() - 60, time.time() - 60))
    assert supervision.last_words(log) == ""
    assert supervision.last_words(tmp_path / "none") == ""


def test_a_reason_is_short(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("panic: " + "x" * 20_000)
    assert len(supervision.last_words(log)) <= 300


def test_changes_name_cluster_node_and_component() -> None:
    ended = supervision.Ended(name="c1/n1/kubelet", reason="it was killed", restarts=2)
    change = host.change_of(ended)
    assert change is not None
    assert (change.cluster_id, change.node_id, change.component) == (clusters.ClusterId("c1"), "n1", "kubelet")
    of_plane = host.change_of(supervision.Ended(name="c1/etcd", reason="", restarts=1))
    assert of_plane is not None
    assert (of_plane.node_id, of_plane.component) == ("", "etcd")
    assert host.change_of(supervision.Ended(name="registry", reason="", restarts=1)) is None


def test_a_process_is_named_by_pid_start_and_boot() -> None:
    own = {"pid": os.getpid(), "start": launch.start_time(os.getpid()), "boot": launch.boot_id()}
    assert launch.alive(own)
    assert not launch.alive({**own, "start": 1})
    assert not launch.alive({**own, "boot": "another"})
    assert not launch.alive({})


def test_records_are_whole_or_not_there(tmp_path: Path) -> None:
    path = str(tmp_path / "etcd.json")
    assert launch.read_record(path) == {}
    launch.write_record(path, {"pid": 1, "start": 2, "boot": "b"})
    assert launch.read_record(path) == {"pid": 1, "start": 2, "boot": "b"}
    Path(path).write_text('{"pid": 1')
    assert launch.read_record(path) == {}


def test_an_end_that_nobody_watched_is_told_when_the_program_is_started_again(tmp_path: Path) -> None:
    record = tmp_path / "run" / "sleep.json"
    record.parent.mkdir()
    launch.write_record(str(record), {"pid": os.getpid(), "start": 1, "boot": launch.boot_id()})
    program = supervision.Program(
        name="c1/sleep",
        record=record,
        log=tmp_path / "log",
        command=("/bin/sleep", "60"),
        environment={},
        cgroups=(),
        order=dict,
    )
    told: list[supervision.Ended] = []

    async def story() -> None:
        supervisor = supervision.Supervisor()
        supervisor.subscribe(told.append)
        await supervisor.ensure(program)
        assert supervisor.state("c1/sleep") == (True, 1, "")
        await supervisor.stop("c1/sleep", record, grace=0.0)
        await supervisor.ensure(program)
        await supervisor.stop("c1/sleep", record, grace=0.0)

    asyncio.run(story())
    assert [each.reason for each in told] == ["it ended while no steward watched it"]


def test_however_often_it_ends_it_is_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pauses: list[float] = []

    async def ended() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "call_later", lambda pause, *_: pauses.append(pause))
        supervisor = supervision.Supervisor()
        program = supervision.Program(name="x", command=("x",), log=tmp_path / "log", record=tmp_path / "run.json")
        watched = supervision._Watched(program=program)
        watched.running_since = loop.time()
        for _ in range(1100):
            supervisor._on_end(watched)

    asyncio.run(ended())
    assert (pauses[0], pauses[-1], len(pauses)) == (supervision.FIRST_PAUSE, supervision.LONGEST_PAUSE, 1100)
