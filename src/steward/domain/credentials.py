"""Who may call what: application keys, consumer keys and their access rules.

The secrets in here are plain only in memory; storage keeps them sealed. Expiry and rules are decided
here, signatures at the edge.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from steward.domain import errors, projects

ApplicationKey = NewType("ApplicationKey", str)
ConsumerKey = NewType("ConsumerKey", str)

METHODS = ("GET", "POST", "PUT", "DELETE")
MOST_RULES = 100
PENDING_LIVES = timedelta(days=1)
MOST_DAYS = 3660


class Status(StrEnum):
    """Values of `auth.CredentialStateEnum`."""

    EXPIRED = "expired"
    PENDING = "pendingValidation"
    REFUSED = "refused"
    VALIDATED = "validated"


@dataclass(frozen=True, slots=True)
class AccessRule:
    method: str
    path: str  # may contain `*`, which stands for any characters

    def grants(self, method: str, path: str) -> bool:
        return self.method == method and _matches(self.path, path)


def _matches(pattern: str, path: str) -> bool:
    """Part by part, never going back: a customer's pattern cannot make it slow, as a regular expression could."""
    first, *parts = pattern.split("*")
    if not parts:
        return path == first
    last = parts.pop()
    if not path.startswith(first) or not path.endswith(last) or len(path) < len(first) + len(last):
        return False
    position, end = len(first), len(path) - len(last)
    for part in parts:
        found = path.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    key: ApplicationKey
    secret: str = field(repr=False)
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A consumer key: what one application may do for one account."""

    id: int
    consumer_key: ConsumerKey = field(repr=False)
    application_key: ApplicationKey
    account: projects.AccountId | None  # None until somebody validates it
    rules: tuple[AccessRule, ...]
    status: Status
    allowed_ips: tuple[str, ...] = ()
    redirection: str | None = None
    description: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    last_use: datetime | None = None

    def usable(self, now: datetime) -> bool:
        return self.state(now) is Status.VALIDATED and self.account is not None

    def state(self, now: datetime) -> Status:
        """What was asked for and never decided upon expires as well."""
        end = self.created_at + PENDING_LIVES if self.status is Status.PENDING else self.expires_at
        return Status.EXPIRED if end is not None and end <= now else self.status

    def grants(self, method: str, path: str) -> bool:
        return any(rule.grants(method, path) for rule in self.rules)


def end_after(days: int | None, now: datetime) -> datetime | None:
    """None never ends."""
    if days is None:
        return None
    if not 1 <= days <= MOST_DAYS:
        raise errors.BadInput(f"[days] a credential is valid for 1 to {MOST_DAYS} days, or without an end")
    return now + timedelta(days=days)


ALL_RULES = tuple(AccessRule(method, "/*") for method in METHODS)


def checked_rules(pairs: list[tuple[str, str]]) -> tuple[AccessRule, ...]:
    """At least one rule, known methods, absolute paths."""
    if not 1 <= len(pairs) <= MOST_RULES:
        raise errors.BadInput(f"accessRules must hold 1 to {MOST_RULES} rules")
    for method, path in pairs:
        if method not in METHODS:
            raise errors.BadInput(f"[accessRules] method {method!r} is not one of {', '.join(METHODS)}")
        if not path.startswith("/") or len(path) > 500 or not path.isprintable():
            raise errors.BadInput(
                f"[accessRules] path {path[:64]!r} must begin with '/' and have at most 500 printable characters"
            )
    return tuple(AccessRule(method, path) for method, path in pairs)
