"""What is known to be wrong with the components that the service is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """As a vulnerability database names it: `Go` or `PyPI`, the package, its pinned version."""

    ecosystem: str
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    id: str  # the database's; `aliases` are its other names, such as CVE numbers
    aliases: Sequence[str]
    summary: str
    component: Component
    fixed: str  # the version that mends it; empty where none does yet
    published: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """`newest` is the latest change of the database that was looked into; None where nothing could be looked up, for
    the reason given."""

    components: int
    newest: datetime | None
    found: Sequence[Advisory] = ()
    reason: str = ""


class Advisories(Protocol):
    async def scan(self) -> Scan:
        """Of all pinned components. Never raises for a database that is missing, broken or out of reach."""
        ...


class NoAdvisories:
    """Where no database is set."""

    async def scan(self) -> Scan:
        reason = "No vulnerability database is set (STEWARD_VULNERABILITIES)"
        return Scan(components=0, newest=None, reason=reason)


NO_ADVISORIES = NoAdvisories()
