"""What a browser's form sends, and where it may lead to afterwards."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from steward.domain import errors

TOKEN = "form"  # the field that carries the form's token
HOME = "/console/inbox"
MOST_FIELDS = 50
_LOCAL = re.compile(r"/console/[A-Za-z0-9][A-Za-z0-9/_-]{0,200}(\?[A-Za-z0-9_=&.%-]{0,300})?")

Fields = Mapping[str, str]


async def read(request: Request) -> Fields:
    """The last value of each field; line ends as everywhere else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise errors.BadInput("The console reads its own forms only")
    text = (await request.body()).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise errors.BadInput(f"A form has at most {MOST_FIELDS} fields") from None
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def local(path: str) -> str:
    """A page of the console, whatever was asked for: nobody is led elsewhere from here."""
    return path if _LOCAL.fullmatch(path) and "//" not in path else HOME
