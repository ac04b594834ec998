"""The person's clusters, and what is proven of each: the contract row by row, the same for both parties."""

from collections import Counter

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from steward.api import answers
from steward.api.console import doors, projects
from steward.api.reports import documents, oscal, sheets
from steward.api.reports import pages as report_pages
from steward.domain import clusters, errors
from steward.operations import contracts, coverage
from steward.operations import projects as projects_
from steward.responsibility.coverage import State

router = APIRouter(prefix="/console/clusters", include_in_schema=False, route_class=doors.SessionRoute)

_CSV = "text/csv; charset=utf-8"
# As a reader looks for them.
_ORDER = (State.BREACHED, State.UNKNOWN, State.STALE, State.PROVEN, State.ATTESTED, State.NOT_APPLICABLE)


@router.get("")
async def every(visit: doors.Visitor) -> Response:
    page = await projects.page(visit)
    views = {
        project.id: await contracts.show(visit.context, visit.actor, project_id=project.id) for project in page.shown
    }
    return visit.page("clusters.html", page=page, views=views, status_of=clusters.status)


@router.get("/report")
async def fleet(visit: doors.Visitor) -> Response:
    """Of all the person's clusters, to keep."""
    document = documents.fleet(await coverage.of_fleet(visit.context, visit.actor))
    match visit.asked("format"):
        case "json":
            return _file(answers.ok(document), "report.json")
        case "csv":
            return _file(Response(sheets.fleet(document), media_type=_CSV), "report.csv")
        case "html":
            return HTMLResponse(report_pages.fleet(document), headers=report_pages.HEADERS)
    raise errors.NotFound("There is no such report")


@router.get("/{cluster_id}/report")
async def report(visit: doors.Visitor, cluster_id: str) -> Response:
    found = await _report(visit, cluster_id)
    if visit.asked("format"):
        return _kept(found, visit.asked("format"))
    wanted = visit.asked("state")
    lines = [each for each in found.lines if not wanted or each.row.state.value == wanted]
    counted = Counter(each.row.state for each in found.lines)
    return visit.page(
        "report.html",
        report=found,
        lines=lines,
        counts=[(state.value, counted[state]) for state in _ORDER],
        wanted=wanted,
        project=await projects_.get(visit.context, visit.actor, project_id=found.project_id),
    )


def _kept(found: coverage.Report, form: str) -> Response:
    """As the API gives it."""
    document, name = documents.report(found), f"report-{found.cluster_id}"
    match form:
        case "json":
            return _file(answers.ok(document), f"{name}.json")
        case "csv":
            return _file(Response(sheets.report(document), media_type=_CSV), f"{name}.csv")
        case "html":
            return HTMLResponse(report_pages.report(document), headers=report_pages.HEADERS)
        case "oscal":
            return _file(answers.ok(oscal.report(document)), f"{name}-oscal.json")
    raise errors.NotFound("There is no such report")


def _file(response: Response, name: str) -> Response:
    """Saved, not shown: nothing in it can run as a page of ours."""
    response.headers["content-disposition"] = f'attachment; filename="{name}"'
    response.headers["cache-control"] = "no-store"
    return response


async def _report(visit: doors.Visit, cluster_id: str) -> coverage.Report:
    """Also of a cluster that is gone. Without a project in the address it is looked for in all of the person's."""
    wanted = visit.asked("project")
    own = [wanted] if wanted else [each.id for each in await projects_.all_of(visit.context, visit.actor)]
    for project_id in own:
        try:
            return await coverage.of_cluster(visit.context, visit.actor, project_id=project_id, cluster_id=cluster_id)
        except errors.NotFound:
            continue
    raise errors.NotFound("This cluster does not exist")
