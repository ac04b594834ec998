"""`/native/projects/{id}/kube/{id}/outages` and `…/availability`: when the API server failed, and whose account it is
put to; `/native/attribution`: the published rules of that."""

from fastapi import APIRouter
from pydantic import StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import incidents, requests, shapes
from steward.domain import availability as availability_
from steward.domain import incidents as incidents_
from steward.operations import outages

router = APIRouter(
    prefix="/native/projects/{project_id}/kube/{cluster_id}", tags=["native"], route_class=calls.EitherRoute
)
published = APIRouter(prefix="/native/attribution", tags=["native"], route_class=calls.EitherRoute)


class Dispute(requests.Body):
    reason: StrictStr


class Settlement(requests.Body):
    """`against` is the party to whose account it is put."""

    against: StrictStr


@published.get("")
async def rules(call: calls.Caller) -> Response:
    return answers.ok(
        [
            {
                "rule": each.name,
                "types": list(each.types),
                "acted": each.acted,
                "activities": list(each.activities),
                "resources": list(each.resources),
                "except": list(each.except_),
                "failures": list(each.failures),
                "beforeSeconds": each.before.total_seconds(),
                "activity": each.activity,
                "party": each.party,
                "grounds": each.grounds,
            }
            for each in outages.rules(call.actor)
        ]
    )


@router.get("/outages")
async def every(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    found = await outages.of_cluster(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok([outage(each) for each in found])


@router.get("/outages/{outage_id}")
async def one(call: calls.Caller, project_id: str, cluster_id: str, outage_id: str) -> Response:
    found = await outages.get(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, outage_id=outage_id
    )
    return answers.ok(outage(found))


@router.post("/outages/{outage_id}/dispute", openapi_extra=calls.changes("outage.dispute", "outage.contest"))
async def dispute(call: calls.Caller, project_id: str, cluster_id: str, outage_id: str, body: Dispute) -> Response:
    told = await outages.dispute(
        call.context,
        call.actor,
        project_id=project_id,
        cluster_id=cluster_id,
        outage_id=outage_id,
        reason=body.reason,
    )
    return answers.ok(outage(told))


@router.post("/outages/{outage_id}/settle", openapi_extra=calls.changes("outage.settle", "outage.concede"))
async def settle(call: calls.Caller, project_id: str, cluster_id: str, outage_id: str, body: Settlement) -> Response:
    """Settled once both parties have said the same."""
    told = await outages.settle(
        call.context,
        call.actor,
        project_id=project_id,
        cluster_id=cluster_id,
        outage_id=outage_id,
        against=body.against,
    )
    return answers.ok(outage(told))


@router.get("/availability")
async def availability(call: calls.Caller, project_id: str, cluster_id: str, month: str = "") -> Response:
    """Of a calendar month; without figures where nobody has probed yet."""
    named = {"project_id": project_id, "cluster_id": cluster_id}
    found = await outages.availability_of(call.context, call.actor, **named, month=month)
    hours = await outages.hours_of(call.context, call.actor, **named)
    shown = [] if found is None else [hour(each) for each in hours if each.name.startswith(found.month)]
    return answers.ok({"figures": None if found is None else figures(found), "hours": shown})


def outage(found: incidents_.Outage) -> shapes.Shape:
    return {
        "id": found.id,
        "beganAt": shapes.moment(found.began_at),
        "endedAt": shapes.moment(found.ended_at),
        "failure": found.failure,
        "proposedActivity": found.proposed_activity,
        "proposedParty": found.proposed_party,
        "rule": found.rule,
        "grounds": found.grounds,
        "disputedBy": found.disputed_by,
        "disputedAt": shapes.moment(found.disputed_at),
        "disputeReason": found.dispute_reason,
        "votes": [
            {"party": each.party, "name": each.name, "against": each.against, "at": shapes.moment(each.at)}
            for each in found.votes
        ],
        "settledParty": found.settled_party,
        "settledAt": shapes.moment(found.settled_at),
        "countsAgainst": found.counts_against,
        "incident": found.incident_id,
        "timeline": [incidents.line(each) for each in found.timeline],
    }


def figures(found: availability_.Figures) -> shapes.Shape:
    """Seconds, and shares of one."""
    return {
        "month": found.month,
        "since": shapes.moment(found.since),
        "until": shapes.moment(found.until),
        "objective": found.objective,
        "availability": found.availability,
        "goodSeconds": round(found.good, 1),
        "providerBadSeconds": round(found.provider_bad, 1),
        "customerBadSeconds": round(found.customer_bad, 1),
        "unknownSeconds": round(found.unknown, 1),
        "mayBeBadSeconds": round(found.budget, 1),
        "missed": found.missed,
        "probes": found.probes,
        "p50Ms": found.p50_ms,
        "p99Ms": found.p99_ms,
    }


def hour(found: availability_.Period) -> shapes.Shape:
    return {
        "hour": found.name,
        "goodSeconds": round(found.good, 1),
        "badSeconds": round(found.bad, 1),
        "probes": found.probes,
        "p50Ms": availability_.quantile(found.latencies, 0.5),
        "p99Ms": availability_.quantile(found.latencies, 0.99),
    }
