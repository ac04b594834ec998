"""A customer's space: it holds clusters and credentials."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from steward.domain import errors

ProjectId = NewType("ProjectId", str)  # 32 lower-case hex characters
AccountId = NewType("AccountId", str)  # the customer, as in "ab12345-steward"

_ACCOUNT = re.compile(r"^[a-z0-9][a-z0-9.-]{0,62}$")
LONGEST_DESCRIPTION = 255


class Status(StrEnum):
    """Values of `cloud.project.ProjectStatusEnum`."""

    CREATING = "creating"
    DELETED = "deleted"
    DELETING = "deleting"
    OK = "ok"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    id: ProjectId
    account: AccountId
    description: str
    status: Status
    created_at: datetime


def checked_account(text: str) -> AccountId:
    if not _ACCOUNT.fullmatch(text):
        raise errors.BadInput(
            f"The account {text!r} is not valid: 1 to 63 lower-case letters, digits, '.' and '-' are accepted"
        )
    return AccountId(text)


def checked_description(text: str) -> str:
    if len(text) > LONGEST_DESCRIPTION or not text.isprintable():
        raise errors.BadInput(f"The description must be printable and at most {LONGEST_DESCRIPTION} characters")
    return text
