"""Where the description is served: documents for programs, pages for people; without credentials: it holds no secret.

Written once from the routes, at the first request, and kept.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import cast

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response

from steward.api import answers, calls, edge
from steward.api.description import documents, pages
from steward.domain import errors

router = APIRouter(include_in_schema=False, tags=["description"])

_PARTS = (("/docs", "OVHcloud's API"), ("/docs/native", "steward's own API"))
_WRITERS: dict[str, Callable[..., documents.Document]] = {
    "/1.0": documents.of_ovh,
    "/native": documents.of_native,
    "/": documents.whole,
}
_PAGE_HEADERS = {"content-security-policy": pages.POLICY, "referrer-policy": "no-referrer"}


class _Written:
    """What was written for one application."""

    def __init__(self, app: FastAPI, base_url: str) -> None:
        self._app = app
        self._base_url = base_url
        self.document = cache(self._document)
        self.page = cache(self._page)

    def _document(self, part: str) -> tuple[documents.Document, Response]:
        found = _WRITERS[part](self._app.router.routes, self._base_url)
        return found, answers.ok(found)

    def _page(self, address: str) -> Response:
        document, _ = self.document("/native" if address.endswith("/native") else "/1.0")
        return HTMLResponse(pages.page(document, here=address, parts=_PARTS), headers=_PAGE_HEADERS)


def _written(request: Request, wired: calls.Wiring) -> _Written:
    state = request.app.state
    if not hasattr(state, "description"):
        state.description = _Written(request.app, wired.config.base_url)
    return cast(_Written, state.description)


async def _document(request: Request, wired: calls.Wiring, part: str) -> Response:
    """In a thread: the first time it takes a second."""
    _, answer = await asyncio.to_thread(_written(request, wired).document, part)
    return answer


@router.get("/openapi.json")
async def openapi(request: Request, wired: calls.Open) -> Response:
    """Below `/1.0` and `/v1` OVHcloud's part, without a prefix everything."""
    return await _document(request, wired, "/1.0" if request.scope[edge.PREFIXED] else "/")


@router.get("/cloud.json")
async def cloud(request: Request, wired: calls.Open) -> Response:
    return await _document(request, wired, "/1.0")


@router.get("/native/openapi.json")
async def native(request: Request, wired: calls.Open) -> Response:
    return await _document(request, wired, "/native")


@router.get("/docs/openapi.json")
async def beside_page(request: Request, wired: calls.Open) -> Response:
    return await _document(request, wired, "/1.0")


@router.get("/docs/native/openapi.json")
async def beside_own_page(request: Request, wired: calls.Open) -> Response:
    return await _document(request, wired, "/native")


@router.get("/docs", response_class=HTMLResponse)
@router.get("/docs/native", response_class=HTMLResponse)
async def page(request: Request, wired: calls.Open) -> Response:
    if request.scope[edge.PREFIXED]:
        raise errors.NotFound("Got an invalid (or empty) URL", code="INVALID_URL")
    return await asyncio.to_thread(_written(request, wired).page, request.url.path)


@router.get("/docs/style.css")
async def style() -> Response:
    return Response(pages.style(), media_type="text/css", headers={"cache-control": "public, max-age=3600"})
