"""What an examination of the machine found: one line for a person, with the way to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`mend` is a command or a sentence; empty where all is well. A warning does not stop the service."""

    check: str
    good: bool
    message: str
    mend: str = ""
    warning: bool = False


def verdict(check: str, lack: str, *, well: str, mend: str, warning: bool = False) -> Finding:
    """Good where there is no lack to be told."""
    if lack:
        return Finding(check=check, good=False, message=lack, mend=mend, warning=warning)
    return Finding(check=check, good=True, message=well)


def failures(findings: Iterable[Finding]) -> list[Finding]:
    return [each for each in findings if not each.good and not each.warning]
