"""Checks an answer against a model of OVHcloud's: every field, no other, each of its type."""

import re
from collections.abc import Mapping
from typing import Any

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def check_model(body: dict[str, Any], model: Mapping[str, type | None]) -> None:
    assert set(body) == set(model)
    for name, kind in model.items():
        value = body[name]
        assert value is None if kind is None else type(value) is kind, f"{name} is {value!r}"
        if name.endswith("At") or name in ("creation", "creationDate", "lastUse"):
            assert value is None or MOMENT.fullmatch(value), name
