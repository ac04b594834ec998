"""Bodies of `/native`: what they hold beyond the model is refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccessRule(Body):
    method: StrictStr
    path: StrictStr


class ProjectCreation(Body):
    account: StrictStr
    description: StrictStr = ""


class CredentialCreation(Body):
    """Without rules: everything in the project, nothing in any other."""

    description: StrictStr = ""
    rules: Annotated[list[AccessRule], Field(max_length=100)] | None = None


class Validation(Body):
    account: StrictStr
