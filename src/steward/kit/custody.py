"""The checkpoint that somebody outside keeps: its file, and what must hold before a newer one takes its place.

Called by the command line. Whoever keeps one notices a log that was cut, altered or written anew, for its own later
checkpoints then contradict the kept one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from steward.kit import bundles, merkle, notes

FORMAT = "steward checkpoint"
VERSION = 1


class Contradiction(ValueError):
    """What the log shows now does not go with what it showed before. The text is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The key is the one that signed the note, and was trusted when it was kept."""

    key: notes.Key
    note: str
    checkpoint: notes.Checkpoint

    @property
    def text(self) -> str:
        content = {"format": FORMAT, "version": VERSION, "key": self.key.text, "note": self.note}
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """A key that the service names, with the note by which the one before handed over."""

    key: notes.Key
    note: str


def read(text: str) -> Kept:
    """`notes.Invalid` where it is no such file, or where its own signature is not right."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        raise notes.Invalid(f"it is no {FORMAT}, version {VERSION}")
    return kept(notes.read_key(str(content.get("key"))), str(content.get("note")))


def kept(key: notes.Key, note: str) -> Kept:
    checkpoint = notes.opened_checkpoint(note, key)
    if checkpoint.origin != key.name:
        raise notes.Invalid(f"the key of {key.name} signed a checkpoint of {checkpoint.origin}")
    return Kept(key=key, note=note, checkpoint=checkpoint)


def advanced(before: Kept, note: str, keys: Sequence[Successor], proof: Sequence[bytes]) -> Kept:
    """The newer checkpoint, if it goes with the kept one."""
    found = _signed(before.key, note, keys)
    old, new = before.checkpoint, found.checkpoint
    if new.size < old.size:
        raise Contradiction(
            f"The log now has {new.size} entries; {old.size} were signed before: entries {new.size} to "
            f"{old.size - 1} were removed"
        )
    if not merkle.consistent(old.size, new.size, proof, old.root, new.root):
        raise Contradiction(
            f"The log of {new.size} entries does not begin with the {old.size} that were signed before: at least one "
            "of them was altered, removed or reordered. Export it and verify the file with the kept checkpoint: the "
            "first entry that is concerned is named there"
        )
    return found


def _signed(trusted: notes.Key, note: str, keys: Sequence[Successor]) -> Kept:
    """By the trusted key, or by one that it handed over to."""
    texts = [each.key.text for each in keys]
    if trusted.text not in texts:
        raise Contradiction(f"The log no longer knows the key {trusted.text} that it was signed with before")
    current = trusted
    for each in keys[texts.index(trusted.text) + 1 :]:
        if not bundles.follows(each.key, current, each.note):
            raise Contradiction(f"The key {each.key.text} is not signed by the one before it, {current.text}")
        current = each.key
    try:
        return kept(current, note)
    except notes.Invalid as reason:
        raise Contradiction(f"The new checkpoint is not signed by {current.text}: {reason}") from None
