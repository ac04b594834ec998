"""Who acts: people of either party, what they may do, and the tokens and sessions that they act with.

Secrets are not in here: a password is its argon2 hash, a token its SHA-256, a second factor's secret lies
sealed in the records under the person's id.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from steward.domain import errors, projects

PersonId = NewType("PersonId", str)  # a UUID
TokenId = NewType("TokenId", str)  # a UUID
LONGEST_EMAIL = 254
LONGEST_NAME = 100
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,189}")


class Role(StrEnum):
    """The first three are the customer's, the others the provider's; a person has roles of one party only."""

    OWNER = "owner"  # accepts the contract, manages people, closes the account
    ADMIN = "admin"  # carries out the customer's activities
    VIEWER = "viewer"  # reads
    OPERATOR = "operator"  # carries out the provider's activities
    SUPPORT = "support"  # answers tickets, asks for access
    AUDITOR = "auditor"  # reads

    @property
    def party(self) -> str:
        return errors.CUSTOMER if self in _CUSTOMERS else errors.PROVIDER


_CUSTOMERS = (Role.OWNER, Role.ADMIN, Role.VIEWER)
# Whoever has the first may do what the second may.
_REACHES = {
    Role.OWNER: (Role.OWNER, Role.ADMIN, Role.VIEWER),
    Role.ADMIN: (Role.ADMIN, Role.VIEWER),
    Role.VIEWER: (Role.VIEWER,),
    Role.OPERATOR: (Role.OPERATOR, Role.SUPPORT, Role.AUDITOR),
    Role.SUPPORT: (Role.SUPPORT, Role.AUDITOR),
    Role.AUDITOR: (Role.AUDITOR,),
}


def reaches(role: Role | None, least: Role | None) -> bool:
    """Whether a role is enough; nobody reaches what has no role."""
    return role is not None and least is not None and least in _REACHES[role]


class Status(StrEnum):
    INVITED = "invited"  # no password yet
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"  # for good; the name stays in what was written before


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`only` limits a customer's person to some of the account's projects; empty is all of them."""

    id: PersonId
    email: str  # what one signs in with; unique
    name: str
    role: Role
    account: projects.AccountId | None = None  # of a customer's person
    only: tuple[projects.ProjectId, ...] = ()
    status: Status = Status.INVITED
    password_hash: str = field(default="", repr=False)
    second_factor: bool = False
    second_factor_step: int = 0  # of the code that was taken last; it and older ones are worth nothing
    created_at: datetime
    last_sign_in: datetime | None = None

    @property
    def party(self) -> str:
        return self.role.party


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Failed sign-ins with one address, whether or not it is anybody's: a lock-out must not tell."""

    id: str  # SHA-256 of the address, hex
    failed: int
    locked_until: datetime | None = None
    forget_at: datetime

    def locked(self, now: datetime) -> bool:
        return self.locked_until is not None and self.locked_until > now


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a person is at an OpenID provider, from its first sign-in there on."""

    id: str  # SHA-256 of issuer and subject, hex
    person_id: PersonId
    issuer: str
    linked_at: datetime


class Purpose(StrEnum):
    API = "api"  # a bearer token of either API
    SESSION = "session"  # a browser's
    HALF = "half"  # its password was right, and the code of the second factor is still to come
    RESET = "reset"  # sets a new password, once
    INVITATION = "invitation"  # sets the first password, once


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What stands for a person until it expires or is revoked; found by its hash."""

    id: TokenId
    person_id: PersonId
    purpose: Purpose
    hash: str = field(repr=False)  # SHA-256 of the secret, hex
    description: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_use: datetime | None = None
    by_provider: bool = False  # of a session: an OpenID provider let the person in

    def usable(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


def checked_email(text: str) -> str:
    folded = text.strip().lower()
    if len(folded) > LONGEST_EMAIL or not _EMAIL.fullmatch(folded):
        raise errors.BadInput(f"[email] {text[:64]!r} is not an address like name@example.org")
    return folded


def checked_role(text: str, party: str) -> Role:
    known = [each.value for each in Role if each.party == party]
    if text not in known:
        raise errors.BadInput(f"[role] {text[:64]!r} is not one of {', '.join(known)}")
    return Role(text)


def checked_name(text: str) -> str:
    trimmed = text.strip()
    if len(trimmed) > LONGEST_NAME or not trimmed.isprintable():
        raise errors.BadInput(f"[name] must be printable and at most {LONGEST_NAME} characters")
    return trimmed


def checked_password(text: str, *, email: str) -> str:
    """Long rather than strange: length is what counts."""
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
        raise errors.BadInput(f"[password] must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    if len(set(text)) < SHORTEST_PASSWORD // 2 or text.lower() == email:
        raise errors.BadInput("[password] is too easy to guess: take several words")
    return text
