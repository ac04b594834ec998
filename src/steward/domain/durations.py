"""Durations as OVHcloud's API writes them: ISO 8601, days to seconds. What was given is read back; zero is `P0D`."""

import re
from dataclasses import dataclass

from steward.domain import errors

LONGEST = 366 * 86400.0  # seconds
_FORM = re.compile(
    r"P(?=\d|T\d)(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
_UNITS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}


@dataclass(frozen=True, slots=True)
class Duration:
    text: str

    @property
    def seconds(self) -> float:
        return _seconds(self.text) or 0.0


def parse(text: str, field: str) -> Duration:
    seconds = _seconds(text)
    if seconds is None or seconds > LONGEST:
        raise errors.BadInput(f"[{field}] Given data ({text[:64]}) is not valid for type duration")
    return Duration(text) if seconds else Duration("P0D")


def _seconds(text: str) -> float | None:
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    return sum(float(found[unit] or 0) * weight for unit, weight in _UNITS.items())
