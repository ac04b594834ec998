"""Signed notes and checkpoints of logs: C2SP signed-note and tlog-checkpoint, Ed25519.

Signed by `operations/ledgers`, checked by `bundles` and the command line. What a key is worth is the caller's to know.
Go's `golang.org/x/mod/sumdb/note` reads what is written here; tests/go/verify shows it.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

_ED25519 = b"\x01"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TIME = "time "
LONGEST_NOTE = 64 * 1024
_MOST_SIGNATURES = 16


class Invalid(ValueError):
    """With what is wrong, as a sentence's second half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key under a name; `text` is the form that verifiers are given (`vkey`)."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @property
    def text(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encoded(_ED25519 + self.public)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """`at` is in an extension line: the log's own word, which nobody else vouches for."""

    origin: str
    size: int
    root: bytes
    at: datetime | None = None

    @property
    def text(self) -> str:
        time = "" if self.at is None else f"{_TIME}{self.at.astimezone(UTC).isoformat(timespec='microseconds')}\n"
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n{time}"


def new_secret() -> bytes:
    return ed25519.Ed25519PrivateKey.generate().private_bytes_raw()


def public_of(secret: bytes) -> bytes:
    return ed25519.Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def checked_name(name: str) -> str:
    if not name or "+" in name or any(character.isspace() for character in name) or not name.isprintable():
        raise Invalid(f"{name[:80]!r} is no name of a key: it has spaces or a plus in it, or is empty")
    return name


def read_key(text: str) -> Key:
    """Of the form `name+hash+key`."""
    name, _, rest = text.strip().partition("+")
    digest, _, content = rest.partition("+")
    raw = decoded(content)
    if raw is None or len(raw) != 33 or raw[:1] != _ED25519:
        raise Invalid("the key is not an Ed25519 key of the form name+hash+key")
    key = Key(name=checked_name(name), public=raw[1:])
    if key.id.hex() != digest:
        raise Invalid("the key's hash is not that of its name and content")
    return key


def raw_signature(text: str, secret: bytes) -> bytes:
    return ed25519.Ed25519PrivateKey.from_private_bytes(secret).sign(text.encode())


def is_signed(text: str, signature: bytes, public: bytes) -> bool:
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def signed(text: str, name: str, secret: bytes) -> str:
    """The note: text, empty line, signature."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Invalid("a note's text ends with a newline and has no other control character")
    key = Key(name=checked_name(name), public=public_of(secret))
    return f"{text}\n— {key.name} {encoded(key.id + raw_signature(text, secret))}\n"


def opened(note: str, key: Key) -> str:
    """The text, if this key signed it; `Invalid` else. Signatures of other keys are passed over."""
    text, lines = _parts(note)
    found = False
    for line in lines:
        name, signature = _signature(line)
        if name == key.name and signature[:4] == key.id:
            if not is_signed(text, signature[4:], key.public):
                raise Invalid(f"the signature of {key.name} is not right: the text or the signature was altered")
            found = True
    if not found:
        raise Invalid(f"the key {key.name}+{key.id.hex()} did not sign it")
    return text


def read_checkpoint(text: str) -> Checkpoint:
    """Of a note's text. Extension lines that are not ours are passed over, as the form says."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise Invalid("a checkpoint has at least three lines, and none is empty")
    origin, size, digest, *further = lines
    root = decoded(digest)
    if not _SIZE.fullmatch(size) or root is None or len(root) != 32:
        raise Invalid("a checkpoint's second line is a size and its third a SHA-256 in base64")
    times = [line[len(_TIME) :] for line in further if line.startswith(_TIME)]
    return Checkpoint(origin=origin, size=int(size), root=root, at=_time(times[0]) if times else None)


def opened_checkpoint(note: str, key: Key) -> Checkpoint:
    return read_checkpoint(opened(note, key))


def unverified(note: str) -> Checkpoint:
    """What a note claims, before anybody looked at its signature."""
    return read_checkpoint(_parts(note)[0])


def _parts(note: str) -> tuple[str, Sequence[str]]:
    if len(note) > LONGEST_NOTE or _CONTROL.search(note) or _SURROGATE.search(note):
        raise Invalid("it is too long for a note, or has characters in it that no note has")
    text, found, rest = note.rpartition("\n\n")
    lines = rest.split("\n")
    if not found or lines.pop() != "" or not 0 < len(lines) <= _MOST_SIGNATURES:
        raise Invalid("a note is a text, an empty line and lines of signatures")
    return text + "\n", lines


def _signature(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    raw = decoded(parts[2]) if len(parts) == 3 else None
    if raw is None or parts[0] != "—" or len(raw) < 5:
        raise Invalid("a line among the signatures is none")
    return checked_name(parts[1]), raw


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def decoded(text: str) -> bytes | None:
    """None unless it is the one way to write these bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if encoded(raw) == text else None
