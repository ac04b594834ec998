"""All pages of the console, for the application; last what is asked for and is none."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api.console import (
    accesses,
    clusters,
    contracts,
    delegations,
    doors,
    keys,
    notices,
    openid,
    passwords,
    people,
    sessions,
    tickets,
)
from steward.domain import errors

_nothing = APIRouter(prefix="/console", include_in_schema=False, route_class=doors.SessionRoute)


@_nothing.get("/{path:path}")
async def missing(visit: doors.Visitor) -> Response:
    raise errors.NotFound("There is no such page")


ROUTERS = (
    sessions.unsigned,
    sessions.router,
    openid.unsigned,
    passwords.unsigned,
    notices.router,
    clusters.router,
    contracts.router,
    accesses.router,
    delegations.router,
    tickets.router,
    keys.router,
    people.router,
    _nothing,
)
