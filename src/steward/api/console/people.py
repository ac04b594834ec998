"""Oneself: role, second factor, and how one wants to be told."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import calls
from steward.api.console import codes, doors, pages
from steward.domain import errors, notices
from steward.operations import passwords, people, preferences

router = APIRouter(prefix="/console/you", include_in_schema=False, route_class=doors.SessionRoute)

_FACTOR = calls.changes("person.second_factor", "staff.second_factor")


@router.get("")
async def show(visit: doors.Visitor) -> Response:
    person = await people.get(visit.context, visit.actor, person_id=str(visit.actor.person_id))
    mail = await preferences.get(visit.context, visit.actor)
    return visit.page("you.html", person=person, mail=mail, severities=list(notices.Severity))


@router.post("/second-factor", openapi_extra=_FACTOR)
async def offer(visit: doors.Visitor) -> Response:
    factor = await passwords.offer_second_factor(visit.context, visit.actor)
    return visit.page("second_factor_offer.html", factor=factor, picture=codes.picture(factor.address), said="")


@router.post("/second-factor/confirm", openapi_extra=_FACTOR)
async def confirm(visit: doors.Visitor) -> Response:
    try:
        await passwords.confirm_second_factor(visit.context, visit.actor, code=visit.text("code"))
    except errors.Forbidden as refusal:
        if refusal.code != "SECOND_FACTOR_REFUSED":
            raise
        return pages.page(
            visit.request, "second_factor_offer.html", status=403, factor=None, picture="", said=refusal.message
        )
    return doors.to("/console/you", done="second-factor")


@router.post("/second-factor/drop", openapi_extra=calls.changes("person.second_factor"))
async def drop(visit: doors.Visitor) -> Response:
    await passwords.drop_second_factor(visit.context, visit.actor, code=visit.text("code"))
    return doors.to("/console/you", done="second-factor-dropped")


@router.post("/mail", openapi_extra=calls.changes("preference.set", "staff_preference.set"))
async def prefer(visit: doors.Visitor) -> Response:
    wanted = preferences.Wanted(
        on=visit.text("on") == "yes", least=visit.text("least") or None, digest=visit.text("digest") == "yes"
    )
    await preferences.set_(visit.context, visit.actor, wanted)
    return doors.to("/console/you", done="preferences")
