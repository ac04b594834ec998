"""Answers as bytes: plain values to JSON, without a model in between, because reads have to be cheap."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

JSON = "application/json; charset=utf-8"


class Json(Response):
    """ASCII only: whatever strange text a client sent, its echo can be encoded."""

    media_type = JSON

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()


def ok(content: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Json(content, headers=headers)


def void(headers: Mapping[str, str] | None = None) -> Response:
    """OVHcloud's answer without a value: 200 with the text `null`, which no client of theirs trips over."""
    return Json(None, headers=headers)
