"""A bundle holds as it was written, and no alteration of it goes unseen: the right entry is named."""

import dataclasses
import io
import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.kit import bundles, leaves, merkle, notes, verdicts, verification
from tests.unit.kit import logs

LOG = logs.furnished()
LINES = LOG.lines()
SIZE = LOG.tree.size


def verified(lines: Sequence[bytes], **anchors: object) -> verdicts.Verdict:
    """Read as a file is: what ends with a newline is a line."""
    found = verification.verify(bundles.lines_of(io.BytesIO(b"".join(lines))), **anchors)  # type: ignore[arg-type]
    json.dumps(found.as_data())
    return found


def fault(lines: Sequence[bytes], **anchors: object) -> verdicts.Fault:
    found = verified(lines, **anchors).fault
    assert found is not None
    assert found.sentence
    return found


def line_of(index: int) -> int:
    """Where an entry stands among the lines."""
    return next(
        place
        for place, line in enumerate(LINES)
        if line.startswith(b'{"disclosed"') and f'"entry":{index},'.encode() in line
    )


def next_entry(place: int) -> int:
    """The index of the entry in this line, or the first one after it."""
    return sum(1 for line in LINES[:place] if line.startswith(b'{"disclosed"'))


def altered(**changes: object) -> list[bundles.Entry]:
    index = changes.pop("at")
    assert isinstance(index, int)
    made = list(LOG.entries)
    made[index] = dataclasses.replace(made[index], **changes)  # type: ignore[arg-type]
    return made


@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 39), st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_was_not_altered_holds(more: int, every: int, rotate_at: int, back: bool) -> None:
    log = logs.furnished(size=1 + more, every=every, rotate_at=rotate_at)
    lines = log.lines()
    found = verified(lines, trusted=[log.key], saved=[notes.opened_checkpoint(log.checkpoints[log.tree.size], log.key)])
    assert found.holds, found.fault
    assert found.proven == found.entries == log.tree.size
    assert found.disclosed == log.tree.size
    assert not found.remarks


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_any_byte_that_is_altered_is_seen_and_its_entry_named(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(LINES) - 1))
    at = data.draw(st.integers(0, len(LINES[place]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != LINES[place][at]))
    lines = list(LINES)
    lines[place] = LINES[place][:at] + bytes([byte]) + LINES[place][at + 1 :]
    found = fault(lines)
    if LINES[place].startswith(b'{"disclosed"'):
        assert found.index == next_entry(place)
        assert found.kind == "altered"
        assert found.line == place + 1
    elif LINES[place].startswith(b'{"checkpoint"'):
        assert found.index <= next_entry(place)


@given(st.integers(0, SIZE - 1))
def test_an_entry_that_is_dropped_is_named(index: int) -> None:
    lines = [line for place, line in enumerate(LINES) if place != line_of(index)]
    found = fault(lines)
    assert (found.kind, found.index, found.until) == ("removed", index, index)


@given(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))
def test_entries_that_changed_places_are_named(one: int, other: int) -> None:
    first, second = sorted((one, other))
    lines = list(LINES)
    lines[line_of(first)], lines[line_of(second)] = lines[line_of(second)], lines[line_of(first)]
    if first == second:
        assert verified(lines).holds
        return
    found = fault(lines)
    assert (found.kind, found.index) == ("reordered", first)


@given(st.integers(0, SIZE - 1), st.integers(1, 3))
def test_an_entry_that_stands_there_twice_is_named(index: int, times: int) -> None:
    place = line_of(index)
    lines = [*LINES[: place + 1], *[LINES[place]] * times, *LINES[place + 1 :]]
    found = fault(lines)
    assert (found.kind, found.index) == ("repeated", index + 1)


@given(st.integers(0, len(b"".join(LINES)) - 1))
@settings(max_examples=200, deadline=None)
def test_a_file_that_was_cut_is_not_whole(length: int) -> None:
    text = b"".join(LINES)[:length]
    whole = text.count(b'{"disclosed"') if text.endswith(b"\n") else max(0, text.count(b'{"disclosed"') - 1)
    found = fault([text])
    assert found.index <= whole + 1
    assert found.kind in ("file", "removed", "checkpoint", "altered")


def test_removed_at_the_end_names_the_first_that_is_missing() -> None:
    kept = logs.written(LOG.entries[:8], {4: LOG.checkpoints[4], 8: LOG.checkpoints[8]}, size=SIZE)
    found = fault(kept)
    assert (found.kind, found.index, found.until) == ("removed", 8, SIZE - 1)


def test_a_shorter_log_that_fits_in_itself_contradicts_a_checkpoint_that_was_kept() -> None:
    kept = notes.opened_checkpoint(LOG.checkpoints[SIZE], LOG.key)
    shorter = logs.written(LOG.entries[:8], {4: LOG.checkpoints[4], 8: LOG.checkpoints[8]}, size=8)
    assert verified(shorter).holds
    found = fault(shorter, saved=[kept])
    assert (found.kind, found.index, found.until) == ("removed", 8, SIZE - 1)


@given(st.integers(0, SIZE - 1))
def test_a_leaf_that_was_altered_with_its_hash_lies_between_two_checkpoints(index: int) -> None:
    content = json.loads(LOG.entries[index].leaf or "")
    content["subject"] = "cluster:2"
    leaf = leaves.written(content)
    entries = altered(at=index, leaf=leaf, hash=merkle.leaf_hash(leaf.encode()))
    found = fault(logs.written(entries, LOG.checkpoints, size=SIZE))
    assert found.kind == "altered"
    assert found.index <= index <= found.until
    assert found.index == index // 4 * 4


@given(st.integers(0, SIZE - 1), st.sampled_from(["actor", "nobody"]), st.booleans())
def test_a_personal_value_that_is_not_the_one_committed_to(index: int, name: str, salt: bool) -> None:
    shown = dict(LOG.entries[index].disclosed or {})
    before = shown.get(name, ("", ""))
    shown[name] = ("0" * 32, before[1]) if salt else (before[0], "somebody else")
    found = fault(logs.written(altered(at=index, disclosed=shown), LOG.checkpoints, size=SIZE))
    assert (found.kind, found.index) == ("altered", index)


def test_erased_values_are_no_fault_and_are_said() -> None:
    log = logs.furnished()
    log.add("erasure", {"index": 3, "names": ["actor"]}, actor="owner@example.org")
    log.entries[3] = dataclasses.replace(log.entries[3], disclosed=None)
    log.entries[5] = dataclasses.replace(log.entries[5], disclosed=None)
    found = verified(log.lines())
    assert found.holds
    assert (found.erased, found.unexplained) == ([3], [5])
    assert any("first: 5" in each for each in found.remarks)


def test_what_is_withheld_is_proven_by_its_hash_and_said() -> None:
    log = logs.furnished()
    log.entries[3] = dataclasses.replace(log.entries[3], leaf=None, disclosed=None)
    found = verified(log.lines(reader=bundles.PROVIDER))
    assert found.holds
    assert found.withheld == 1
    assert any("hashes only" in each for each in found.remarks)
    assert fault(log.lines(reader=bundles.CUSTOMER)).index == 3


def test_a_checkpoint_in_the_place_of_another() -> None:
    swapped = {**LOG.checkpoints, 4: LOG.checkpoints[8], 8: LOG.checkpoints[4]}
    found = fault(logs.written(LOG.entries, swapped, size=SIZE))
    assert (found.kind, found.index) == ("checkpoint", 0)


def test_without_its_last_checkpoint_the_end_is_unproven() -> None:
    fewer = {4: LOG.checkpoints[4], 8: LOG.checkpoints[8]}
    found = fault(logs.written(LOG.entries, fewer, size=SIZE))
    assert (found.kind, found.index, found.until) == ("checkpoint", 8, SIZE - 1)


def test_a_checkpoint_that_somebody_else_signed() -> None:
    log = logs.furnished()
    log.sign(secret=notes.new_secret())
    found = fault(log.lines())
    assert (found.kind, found.index) == ("checkpoint", 8)
    assert "did not sign it" in found.found


def test_a_checkpoint_with_the_key_before_the_rotation() -> None:
    log = logs.furnished(size=7, rotate_at=99)
    old = log.secret
    log.rotate()
    log.add(actor="a")
    log.sign(secret=old)
    assert fault(log.lines()).kind == "checkpoint"


def test_a_key_that_nobody_handed_over_to() -> None:
    log = logs.furnished(size=6, rotate_at=99)
    log.rotate(signed_by=notes.new_secret())
    found = fault(log.lines())
    assert (found.kind, found.index) == ("key", 4)


def test_the_same_keyannounced_again_is_no_rotation() -> None:
    log = logs.furnished(size=6, rotate_at=99)
    log.announce("")
    assert verified(log.lines()).holds


def test_a_log_that_was_written_anew_as_a_whole_has_another_key() -> None:
    other = logs.furnished()
    assert verified(other.lines()).holds
    found = fault(other.lines(), trusted=[LOG.key])
    assert (found.kind, found.index) == ("key", 0)
    assert "No key and no checkpoint" in verified(other.lines()).remarks[-1]


def test_the_key_that_was_kept_may_be_an_older_one() -> None:
    log = logs.furnished(size=6, rotate_at=99)
    kept = log.key
    log.rotate()
    assert verified(log.lines(), trusted=[kept]).holds


def test_another_tree_than_the_one_of_the_kept_checkpoint() -> None:
    log = logs.furnished()
    one = notes.Checkpoint(origin=logs.ORIGIN, size=5, root=b"\1" * 32)
    found = fault(log.lines(), saved=[one])
    assert (found.kind, found.index, found.until) == ("altered", 0, 4)
    other = dataclasses.replace(one, origin="steward.test/project-1")
    assert "another log" in fault(log.lines(), saved=[other]).sentence


def test_entries_of_another_log_are_no_part_of_this_one() -> None:
    content = json.loads(LOG.entries[2].leaf or "")
    leaf = leaves.written({**content, "log": "project-1"})
    entries = altered(at=2, leaf=leaf, hash=merkle.leaf_hash(leaf.encode()))
    assert (fault(logs.written(entries, LOG.checkpoints, size=SIZE)).kind) == "added"


def test_more_than_the_log_had_is_an_addition() -> None:
    log = logs.furnished()
    log.sign()
    assert fault(logs.written(log.entries, log.checkpoints, size=SIZE - 1)).kind == "added"


def test_a_clock_that_went_back_is_said_and_is_no_fault() -> None:
    log = logs.furnished()
    log.sign()
    log.at -= timedelta(seconds=30)  # it waited for its turn
    log.add(actor="a")
    log.at = logs.NOW - timedelta(days=1)
    log.add(actor="a")
    found = verified(log.lines())
    assert found.holds
    assert found.clock_went_back == [SIZE + 1]
    assert sum("clock went back" in each for each in found.remarks) == 2


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[" * 100_000 + b"\n",
        b'{"a":' * 50_000 + b"\n",
        b"\xff\xfe\n",
        b"9" * 10_000 + b"\n",
        LINES[0] + b'{"entry":' + b"9" * 9000 + b"}\n",
        LINES[0] + LINES[0],
        LINES[0] + b'{"checkpoint":1,"note":7}\n',
        LINES[0] + b'{"disclosed":{"a":["x"]},"entry":0,"hash":"00","leaf":null}\n',
        LINES[0] + b'{"disclosed":null,"entry":0,"hash":"' + b"0" * 64 + b'","leaf":"[[]]"}\n',
        LINES[0] + b'{"disclosed":null,"entry":0,"hash":"' + b"0" * 64 + b'","leaf":"\\ud800"}\n',
        b"".join(LINES) + b"more\n",
        b"".join(LINES) + LINES[-1],
    ],
)
def test_what_is_no_bundle_is_a_fault_and_never_an_exception(text: bytes) -> None:
    fault([text])
