"""The inbox: what a person's party was told. Marking a notice as seen is the party's receipt for it."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from steward.api import calls
from steward.api.console import doors, forms, projects, waiting
from steward.operations import notices

router = APIRouter(prefix="/console", include_in_schema=False, route_class=doors.SessionRoute)

UNSEEN, SEEN, PAGE = 25, 10, 50


@router.get("")
@router.get("/")
async def home() -> Response:
    return RedirectResponse(forms.HOME, status_code=303)


@router.get("/inbox")
async def inbox(visit: doors.Visitor) -> Response:
    """First what nobody marked yet, then the latest of the rest; or all of either, page by page."""
    show, before = visit.asked("show"), visit.asked("before")
    if show in ("all", "unseen"):
        page = notices.Page(limit=PAGE, before=before, unseen_only=show == "unseen")
        found = await notices.inbox(visit.context, visit.actor, page=page)
        return await _page(visit, found, show=show, items=found.items, seen=())
    found = await notices.inbox(visit.context, visit.actor, page=notices.Page(limit=UNSEEN, unseen_only=True))
    latest = await notices.inbox(visit.context, visit.actor, page=notices.Page(limit=PAGE))
    seen = [each for each in latest.items if each.seen_at is not None][:SEEN]
    return await _page(visit, found, show="", items=found.items, seen=seen)


@router.post("/inbox/{notice_id}/seen", openapi_extra=calls.changes("notice.seen", "staff_notice.seen"))
async def seen(visit: doors.Visitor, notice_id: str) -> Response:
    await notices.seen(visit.context, visit.actor, notice_id=notice_id)
    return doors.to(forms.local(visit.text("back")), done="seen")


async def _page(
    visit: doors.Visit,
    found: notices.Inbox,
    *,
    show: str,
    items: Sequence[notices.Item],
    seen: Sequence[notices.Item],
) -> Response:
    known = {each.id: each for each in (await projects.choice(visit)).every}
    return visit.page(
        "inbox.html",
        show=show,
        items=items,
        seen=seen,
        unseen=found.unseen,
        before=found.before,
        projects=known,
        waiting=[] if show else await waiting.of(visit, list(known.values())),
        now=visit.context.clock.now(),
        back="/console/inbox" + (f"?show={show}" if show else ""),
    )
