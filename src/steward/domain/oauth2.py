"""OAuth2 clients: programs that act for a party in a role, and the access tokens that they are given for an hour, or
for a day and one project.

Secrets are not in here: of a client's secret and of a token only the SHA-256 is kept. Both are random and long.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from steward.domain import errors, people, projects

ClientId = NewType("ClientId", str)  # 16 hex digits, as OVHcloud's

TOKEN_LIVES = timedelta(hours=1)
# The cluster autoscaler asks for another after 23 hours, whatever it was told of the end and whatever was refused.
PROJECT_TOKEN_LIVES = timedelta(hours=24)
SCOPE = "all"
USUAL_ROLE = people.Role.ADMIN
LONGEST_NAME, LONGEST_DESCRIPTION = 100, 255


class Flow(StrEnum):
    """Values of `me.api.oauth2.FlowEnum`."""

    AUTHORIZATION_CODE = "AUTHORIZATION_CODE"
    CLIENT_CREDENTIALS = "CLIENT_CREDENTIALS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`account` is the customer's, none of the provider's own."""

    id: ClientId
    account: projects.AccountId | None
    role: people.Role
    name: str
    description: str
    secret_hash: str = field(repr=False)
    created_at: datetime
    last_use: datetime | None = None  # when it was last given a token

    @property
    def party(self) -> str:
        return self.role.party


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """`project_id` is the only one that it is good in; without it, all of the client's."""

    hash: str = field(repr=False)
    client_id: ClientId
    project_id: projects.ProjectId | None = None
    created_at: datetime
    expires_at: datetime

    def usable(self, now: datetime) -> bool:
        return self.expires_at > now


def checked_flow(text: str) -> None:
    if text == Flow.AUTHORIZATION_CODE:
        raise errors.BadInput("[flow] AUTHORIZATION_CODE is not served here: programs take CLIENT_CREDENTIALS")
    if text != Flow.CLIENT_CREDENTIALS:
        raise errors.BadInput(f"[flow] Given data ({text[:64]}) is not valid for type enum: one of CLIENT_CREDENTIALS")


def checked_role(text: str | None, party: str) -> people.Role:
    """Without one: what carries out a party's activities."""
    if text is None:
        return USUAL_ROLE if party == errors.CUSTOMER else people.Role.OPERATOR
    return people.checked_role(text, party)


def checked_name(text: str) -> str:
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= LONGEST_NAME or not trimmed.isprintable():
        raise errors.BadInput(f"[name] must have 1 to {LONGEST_NAME} printable characters")
    return trimmed


def checked_description(text: str) -> str:
    trimmed = text.strip()
    if len(trimmed) > LONGEST_DESCRIPTION or not trimmed.isprintable():
        raise errors.BadInput(f"[description] must be printable and at most {LONGEST_DESCRIPTION} characters")
    return trimmed
