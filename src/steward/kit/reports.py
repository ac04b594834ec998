"""The seal of a coverage report: a signed note with a digest for each row, so that what was altered can be named.

The service seals with the ledger's key as it answers; `steward verify` checks without the service. The note's first
line keeps it apart from checkpoints, which the same key signs.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steward.kit import notes

KIND = "coverage"
PROOF = "proof"
_FIRST = "steward/report/v1"
_HEAD = "head"
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`altered` are the activities of rows that are not as they were sealed; `head` is everything beside the rows."""

    fault: str = ""
    altered: tuple[str, ...] = ()
    origin: str = ""
    cluster: str = ""
    at: str = ""
    rows: int = 0
    key: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.fault

    def as_data(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in type(self).__slots__}
        return {"holds": self.holds, "kind": KIND, **found, "altered": list(self.altered)}


def sealed(document: Document, key: notes.Key, secret: bytes) -> dict[str, Any]:
    """With its proof: the note, and the key that it can be checked with."""
    return {**document, PROOF: {"key": key.text, "note": notes.signed(_text(document), key.name, secret)}}


def is_report(content: object) -> bool:
    return isinstance(content, Mapping) and content.get("kind") == KIND


def verify(document: Document, *, trusted: Sequence[notes.Key] = ()) -> Verdict:
    """What it reads may have been made to deceive: a fault is a value, never an exception."""
    try:
        return _verified(document, trusted)
    except (notes.Invalid, KeyError, TypeError, ValueError, AttributeError) as reason:
        return Verdict(fault=f"the report's proof cannot be read: {reason}")


def _verified(document: Document, trusted: Sequence[notes.Key]) -> Verdict:
    proof = document.get(PROOF)
    if not proof:
        return Verdict(fault="the report has no proof: it was made before the ledger was signed first")
    key = notes.read_key(proof["key"])
    text = notes.opened(proof["note"], key)
    if not text.startswith(f"{_FIRST}\n"):
        return Verdict(fault="what was signed is no report")
    wanted, found = _digests(text), _digests(_text(document))
    altered = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
    known = [each for each in trusted if each.public == key.public]
    if not altered and text.splitlines() != _text(document).splitlines():
        altered = ["the order or the number of its rows"]
    fault = ""
    if altered:
        fault = f"not as it was sealed: {', '.join(altered)}"
    elif trusted and not known:
        fault = f"it was sealed with another key than the one that is trusted: {key.text}"
    return Verdict(
        fault=fault,
        altered=tuple(altered),
        origin=key.name,
        cluster=str(document.get("cluster", "")),
        at=str(document.get("at", "")),
        rows=len(found) - 1,
        key=key.text,
        remarks=() if trusted else ("No key was given to compare with, so anybody could have sealed it (--key)",),
    )


def _text(document: Document) -> str:
    head = {name: value for name, value in document.items() if name not in (PROOF, "rows")}
    lines = [f"{_HEAD} {_digest(head)}", *(f"{row['activity']} {_digest(row)}" for row in document["rows"])]
    return "\n".join([_FIRST, *lines]) + "\n"


def _digests(text: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in text.splitlines()[1:])


def _digest(content: object) -> str:
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(plain.encode()).hexdigest()
