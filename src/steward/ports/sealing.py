"""Encryption of secrets at rest."""

from typing import Protocol


class Sealing(Protocol):
    """`context` binds a sealed text to its place: opened elsewhere, it does not open (ValueError)."""

    def seal(self, plain: bytes, context: str) -> bytes: ...

    def open(self, sealed: bytes, context: str) -> bytes: ...
