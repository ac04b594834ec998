"""Days and files that people name for what they state and sign."""

import datetime
import hashlib
import re
from pathlib import Path

from steward.cli import failures, options, terminal

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LENGTH = re.compile(r"\d+[dhms].*")


def moment(terminal: terminal.Terminal, text: str) -> str:
    """A day (its end, UTC), a moment with its zone, or a length from now; as RFC 3339."""
    stripped = text.strip()
    try:
        if _DAY.fullmatch(stripped):
            day = datetime.date.fromisoformat(stripped)
            return f"{day.isoformat()}T23:59:59Z"
        if _LENGTH.fullmatch(stripped):
            ends = datetime.datetime.fromtimestamp(terminal.wall() + options.duration(stripped), datetime.UTC)
            return ends.isoformat(timespec="seconds").replace("+00:00", "Z")
        return datetime.datetime.fromisoformat(stripped.replace("Z", "+00:00")).isoformat()
    except ValueError:
        raise failures.Usage(f"{text!r} is not a day such as 2031-01-31, nor a length such as 90d.") from None


def digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as reason:
        raise failures.Failure(f"{path} cannot be read: {reason.strerror}.") from None
