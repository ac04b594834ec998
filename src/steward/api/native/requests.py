"""Bodies of `/native`: what they hold beyond the model is refused."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from steward.domain import errors
from steward.kit import times


def moment(text: str, field: str) -> datetime:
    try:
        return times.parsed(text)
    except ValueError:
        raise errors.BadInput(f"[{field}] {text[:64]!r} is not a moment such as 2030-01-31T12:00:00Z") from None


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccessRule(Body):
    method: StrictStr
    path: StrictStr


class ProjectCreation(Body):
    account: StrictStr
    description: StrictStr = ""


class Owner(Body):
    """Of an account that is handed over."""

    email: StrictStr
    name: StrictStr = ""


class CredentialCreation(Body):
    """Without rules: everything a customer does. `owner` is who the provider invites along with a first hand-over.

    Without `days` it does not end by itself.
    """

    description: StrictStr = ""
    rules: Annotated[list[AccessRule], Field(max_length=100)] | None = None
    owner: Owner | None = None
    days: StrictInt | None = None


class Validation(Body):
    """`token` is that of the link in the application's request: a number alone says nothing about who asked.

    Without `days` what is granted does not end by itself.
    """

    token: StrictStr
    days: StrictInt | None = None


class Invitation(Body):
    """`account` only where the provider invites the first owner of a customer."""

    email: StrictStr
    role: StrictStr
    name: StrictStr = ""
    only: Annotated[list[StrictStr], Field(max_length=200)] = []
    account: StrictStr = ""


class PersonChange(Body):
    role: StrictStr | None = None
    only: Annotated[list[StrictStr], Field(max_length=200)] | None = None


class PasswordReset(Body):
    secondFactor: StrictBool = False


class NewPassword(Body):
    """`token` is that of an invitation or a reset."""

    token: StrictStr
    password: StrictStr


class SignIn(Body):
    email: StrictStr
    password: StrictStr
    code: StrictStr = ""


class Code(Body):
    code: StrictStr


class TokenCreation(Body):
    description: StrictStr
    days: StrictInt = 90


class Suspension(Body):
    reason: StrictStr
