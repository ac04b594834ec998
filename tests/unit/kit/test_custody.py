"""A kept checkpoint gives way only to one that goes with it."""

import json

import pytest

from steward.kit import bundles, custody, merkle, notes
from tests.unit.kit import logs


def kept(log: logs.Log) -> custody.Kept:
    return custody.read(custody.kept(log.key, log.sign()).text)


def keys(*made: tuple[notes.Key, str]) -> list[custody.Successor]:
    return [custody.Successor(key=key, note=note) for key, note in made]


def proof(log: logs.Log, old: int) -> list[bytes]:
    places: dict[merkle.Place, bytes] = {}
    tree = merkle.Growing()
    for each in log.entries:
        places[(0, each.index)] = each.hash
        places |= dict(tree.append(each.hash))
    return merkle.consistency(old, log.tree.size, lambda level, index: places[(level, index)])


def test_a_log_that_grew_goes_with_what_was_kept() -> None:
    log = logs.furnished(size=5, rotate_at=99)
    before = kept(log)
    log.add(actor="a")
    note = log.sign()
    after = custody.advanced(before, note, keys((log.key, "")), proof(log, 5))
    assert after.checkpoint.size == 6
    assert custody.read(after.text) == after


def test_a_log_with_a_new_key_that_the_old_one_signed() -> None:
    log = logs.furnished(size=5, rotate_at=99)
    before, old = kept(log), log.key
    log.rotate()
    handed = str(json.loads(log.entries[-1].leaf or "")["facts"]["note"])
    note = log.sign()
    assert custody.advanced(before, note, keys((old, ""), (log.key, handed)), proof(log, 5)).key == log.key
    with pytest.raises(custody.Contradiction, match="not signed by the one before"):
        custody.advanced(before, note, keys((old, ""), (log.key, "")), proof(log, 5))
    with pytest.raises(custody.Contradiction, match="no longer knows the key"):
        custody.advanced(before, note, keys((log.key, "")), proof(log, 5))
    with pytest.raises(custody.Contradiction, match="not signed by"):
        custody.advanced(before, note, keys((old, "")), proof(log, 5))


def test_a_log_that_was_cut() -> None:
    before = kept(logs.furnished(size=5, rotate_at=99))
    log = logs.Log(secret=notes.new_secret())
    with pytest.raises(custody.Contradiction, match="no longer knows"):
        custody.advanced(before, log.sign(), keys((log.key, "")), [])
    grown = logs.furnished(size=9, rotate_at=99)
    whole = kept(grown)
    small = logs.Log(secret=grown.secret)
    with pytest.raises(custody.Contradiction, match="entries 1 to 8 were removed"):
        custody.advanced(whole, small.sign(), keys((grown.key, "")), [])


def test_another_log_of_the_same_key() -> None:
    log = logs.furnished(size=5, rotate_at=99)
    other = logs.Log(secret=log.secret)
    for _ in range(6):
        other.add(actor="somebody else")
    with pytest.raises(custody.Contradiction, match="does not begin with the 5"):
        custody.advanced(kept(log), other.sign(), keys((log.key, "")), proof(other, 5))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format":"steward checkpoint","version":1}', "[" * 100_000])
def test_what_is_no_kept_checkpoint(text: str) -> None:
    with pytest.raises(notes.Invalid):
        custody.read(text)


def test_a_kept_checkpoint_that_was_altered() -> None:
    text = kept(logs.furnished()).text
    with pytest.raises(notes.Invalid):
        custody.read(text.replace("12\\n", "13\\n"))
    other = notes.Key(name="steward.test/project-1", public=logs.furnished().key.public)
    with pytest.raises(notes.Invalid):
        custody.kept(other, logs.furnished().sign())


def test_keys_of_all_logs_are_handed_over_by_one_note() -> None:
    secret, new = notes.new_secret(), notes.new_secret()
    text = bundles.rotation_text("steward.test", notes.public_of(new))
    note = notes.signed(text, bundles.rotation_name("steward.test"), secret)
    for log in ("project-1", "provider"):
        old_key = notes.Key(name=f"steward.test/{log}", public=notes.public_of(secret))
        new_key = notes.Key(name=f"steward.test/{log}", public=notes.public_of(new))
        assert bundles.follows(new_key, old_key, note)
        assert not bundles.follows(old_key, new_key, note)
