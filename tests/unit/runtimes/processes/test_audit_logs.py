"""A log that is read while it is written, renamed, cut and thrown away."""

import asyncio
import os
from pathlib import Path

import pytest

from steward.domain import clusters
from steward.ports.audit_logs import START, Piece, Place
from steward.runtimes.processes import audit_logs, places

CLUSTER = clusters.ClusterId("one")


class Log:
    """An API server's, written by a test."""

    def __init__(self, folder: Path) -> None:
        spot = places.Places(folder, "x")
        self.here = spot.cluster(CLUSTER)
        self.logs = audit_logs.ProcessAuditLogs(spot)
        self.here.audit.mkdir(parents=True)
        self._renamed = 0

    def write(self, text: str) -> None:
        with open(self.here.audit_log, "a") as file:
            file.write(text)

    def rotate(self) -> Path:
        self._renamed += 1
        to = self.here.audit / f"audit-2026-11-23T04-{self._renamed:02d}-00.000.log"
        self.here.audit_log.rename(to)
        return to

    def read(self, place: Place = START, most: int = 1000) -> Piece:
        return asyncio.run(self.logs.read(CLUSTER, place, most=most))

    def rest(self, place: Place = START, most: int = 1000) -> tuple[list[bytes], Place, list[str]]:
        """Everything that is left, what was lost, and where the reading stands then."""
        lines: list[bytes] = []
        lost: list[str] = []
        for _ in range(1000):
            piece = self.read(place, most)
            lines += piece.lines
            lost += [piece.lost] if piece.lost else []
            place = piece.place
            if not piece.more:
                return lines, place, lost
        raise AssertionError("the reading never ends")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_nothing_was_written_yet(log: Log) -> None:
    assert log.logs.glance(CLUSTER) is None
    assert log.read() == Piece(lines=(), place=START)


def test_only_whole_lines_are_read(log: Log) -> None:
    log.write("one\ntwo\nthr")
    lines, place, _ = log.rest()
    assert lines == [b"one", b"two"]
    log.write("ee\n")
    assert log.rest(place)[0] == [b"three"]


def test_a_look_at_what_has_not_changed_is_the_same(log: Log) -> None:
    log.write("one\n")
    first = log.logs.glance(CLUSTER)
    assert log.logs.glance(CLUSTER) == first
    log.write("two\n")
    assert log.logs.glance(CLUSTER) != first


def test_a_server_that_was_started_anew_is_another_writer(log: Log) -> None:
    log.write("one\n")
    record = log.here.record("kube-apiserver")
    record.parent.mkdir()
    record.write_text("{}")
    first = log.logs.glance(CLUSTER)
    os.utime(record, ns=(1, 1))
    second = log.logs.glance(CLUSTER)
    assert first is not None
    assert second is not None
    assert first.writer != second.writer


@pytest.mark.parametrize("most", [1, 5, 1000])
def test_files_that_were_renamed_are_read_to_their_end(log: Log, most: int) -> None:
    log.write("one\n")
    _, place, _ = log.rest(most=most)
    log.write("two\n")
    log.rotate()
    log.write("three\n")
    log.rotate()
    log.write("four\n")
    lines, _, lost = log.rest(place, most)
    assert (lines, lost) == ([b"two", b"three", b"four"], [])


def test_a_line_that_no_piece_holds_is_read_whole(log: Log) -> None:
    log.write("x" * 500 + "\nshort\n")
    assert log.rest(most=10)[0] == [b"x" * 500, b"short"]


def test_a_line_that_is_longer_than_any_event_is_lost_and_said_to_be(log: Log) -> None:
    log.write("x" * (audit_logs.LONGEST_LINE + 10) + "\nafter\n")
    lines, _, lost = log.rest(most=2**20)
    assert lines[-1] == b"after"
    assert lost


def test_a_file_that_is_gone_before_its_end_was_read_is_told_once(log: Log) -> None:
    log.write("one\n")
    _, place, _ = log.rest()
    log.write("two\n")
    log.rotate().unlink()
    log.write("three\n")
    lines, place, lost = log.rest(place)
    assert (lines, len(lost)) == ([b"three"], 1)
    assert log.rest(place) == ([], place, [])


def test_a_log_that_is_deleted_is_told_once(log: Log) -> None:
    log.write("one\n")
    _, place, _ = log.rest()
    log.here.audit_log.unlink()
    _, place, lost = log.rest(place)
    assert len(lost) == 1
    assert log.rest(place)[2] == []
    log.write("two\n")
    assert log.rest(place)[0] == [b"two"]


def test_a_file_that_was_cut_is_told(log: Log) -> None:
    log.write("one\ntwo\n")
    _, place, _ = log.rest()
    os.truncate(log.here.audit_log, 0)
    log.write("3\n")
    lines, _, lost = log.rest(place)
    assert (lines, len(lost)) == ([b"3"], 1)


def test_another_file_with_the_inode_of_one_that_is_gone_is_not_taken_for_it(log: Log) -> None:
    log.write("one\n")
    _, place, _ = log.rest()
    os.truncate(log.here.audit_log, 0)  # the same inode, as a file system gives it out again
    log.write("other\nand more\n")
    lines, _, lost = log.rest(place)
    assert (lines, len(lost)) == ([b"other", b"and more"], 1)


def test_the_cut_off_end_of_a_renamed_file_is_told(log: Log) -> None:
    log.write("one\ntw")
    _, place, _ = log.rest()
    log.rotate()
    log.write("three\n")
    lines, _, lost = log.rest(place)
    assert (lines, len(lost)) == ([b"three"], 1)


def test_a_file_that_is_renamed_at_this_moment_is_found_again(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write("one\n")
    _, place, _ = log.rest()
    log.write("two\n")
    real, renamed = audit_logs._names, []

    def names(folder: Path) -> list[str]:
        found = real(folder)
        if not renamed:
            renamed.append(log.rotate())
            log.write("three\n")
        return found

    monkeypatch.setattr(audit_logs, "_names", names)
    lines, _, lost = log.rest(place)
    assert (lines, lost) == ([b"two", b"three"], [])


def test_a_word_is_searched_for_in_all_that_is_left(log: Log) -> None:
    log.write("a needle\nhay\n")
    log.rotate()
    log.write("hay\nneedle too\n")
    found = asyncio.run(log.logs.search(CLUSTER, "needle", limit=10))
    assert found == [b"a needle", b"needle too"]
    assert len(asyncio.run(log.logs.search(CLUSTER, "needle", limit=1))) == 1
