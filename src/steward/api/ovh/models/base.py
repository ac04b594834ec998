"""What all models share, and the scalars of OVHcloud's specification."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictStr

ENUM = "x-enum"  # names the enumeration that a field's values are of; `api.description` makes a schema of it


class Model(BaseModel):
    """An answer has every field of its model, and no other."""

    model_config = ConfigDict(extra="forbid")


def text(form: str) -> Any:
    """A string of a form; OVHcloud has some that JSON Schema does not know."""
    return Field(json_schema_extra={"format": form})


def one_of(name: str, values: Iterable[str]) -> Any:
    """A word of OVHcloud's enumeration of that name."""
    words: list[JsonValue] = [*sorted(str(each) for each in values)]
    return Field(json_schema_extra={"enum": words, ENUM: name})


Uuid = Annotated[StrictStr, text("uuid")]
Moment = Annotated[StrictStr, text("date-time")]
Duration = Annotated[StrictStr, text("duration")]
Ip = Annotated[StrictStr, text("ip")]
IpBlock = Annotated[StrictStr, text("ipBlock")]
Ipv4Block = Annotated[StrictStr, text("ipv4Block")]
Void = type(None)  # the JSON text `null`
