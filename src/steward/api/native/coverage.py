"""`/native/…/report`: which rows of the contract are proven, for a cluster and for all; as JSON, CSV, HTML or OSCAL."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from steward.api import answers, calls
from steward.api.reports import documents, oscal, pages, sheets
from steward.domain import errors
from steward.kit import reports
from steward.operations import checkpoints, coverage

router = APIRouter(prefix="/native", tags=["native"], route_class=calls.EitherRoute)


class Form(StrEnum):
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    OSCAL = "oscal"


Chosen = Annotated[str, Query(alias="format")]


@router.get("/projects/{project_id}/kube/{cluster_id}/report")
async def of_cluster(call: calls.Caller, project_id: str, cluster_id: str, format: Chosen = Form.JSON) -> Response:
    """Also of a cluster that is gone."""
    form = _form(format)
    found = await coverage.of_cluster(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    document = documents.report(found)
    match form:
        case Form.JSON:
            held = await checkpoints.sealing_key(call.context, found.log)
            return answers.ok(document if held is None else reports.sealed(document, *held))
        case Form.CSV:
            return _sheet(sheets.report(document))
        case Form.HTML:
            return HTMLResponse(pages.report(document), headers=pages.HEADERS)
        case Form.OSCAL:
            return answers.ok(oscal.report(document))


@router.get("/report")
async def of_fleet(call: calls.Caller, format: Chosen = Form.JSON) -> Response:
    """The provider's: all clusters. A customer's: its own."""
    form = _form(format)
    found = await coverage.of_fleet(call.context, call.actor)
    document = documents.fleet(found)
    match form:
        case Form.JSON:
            return answers.ok(document)
        case Form.CSV:
            return _sheet(sheets.fleet(document))
        case Form.HTML:
            return HTMLResponse(pages.fleet(document), headers=pages.HEADERS)
        case Form.OSCAL:
            if not found.reports:
                raise errors.NotFound("OSCAL has a result for each cluster, and there is no cluster yet")
            return answers.ok(oscal.fleet(document, [documents.report(each) for each in found.reports]))


def _form(text: str) -> Form:
    try:
        return Form(text)
    except ValueError:
        raise errors.BadInput(
            f"[format] {text[:32]!r} is not one of {', '.join(each.value for each in Form)}"
        ) from None


def _sheet(text: str) -> Response:
    return Response(text, media_type="text/csv; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"})
