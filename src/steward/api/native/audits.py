"""`/native/projects/{id}/kube/{id}/audit`: what the cluster's audit log was found to say, and who may enter."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from steward.api import answers, calls
from steward.domain import audits as audits_
from steward.kit import times
from steward.operations import audits

router = APIRouter(
    prefix="/native/projects/{project_id}/kube/{cluster_id}/audit", tags=["native"], route_class=calls.EitherRoute
)

Shape = dict[str, object]


@router.get("/findings")
async def findings(
    call: calls.Caller,
    project_id: str,
    cluster_id: str,
    limit: Annotated[int, Query(ge=1, le=audits.MOST)] = audits.MOST,
) -> Response:
    found = await audits.findings(call.context, call.actor, project_id=project_id, cluster_id=cluster_id, limit=limit)
    return answers.ok([_finding(each) for each in found])


@router.get("/issuances")
async def issuances(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    found = await audits.issuances(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok([_issuance(each) for each in found])


@router.get("/windows")
async def windows(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    found = await audits.windows(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok(
        {
            "since": None if found.since is None else times.precise(found.since),
            "until": None if found.until is None else times.precise(found.until),
            "lastEventAt": None if found.last_event_at is None else times.precise(found.last_event_at),
            "gaps": [_finding(each) for each in found.gaps],
            "tallies": [_tally(each, whole=found.whole) for each in found.tallies],
        }
    )


def _finding(found: audits_.Finding) -> Shape:
    return {
        "id": found.id,
        "activity": found.activity,
        "sort": found.sort.value,
        "rule": found.rule,
        "at": times.precise(found.at),
        "user": found.user,
        "party": found.party,
        "verb": found.verb,
        "resource": found.resource,
        "namespace": found.namespace,
        "name": found.name,
        "fingerprint": found.fingerprint,
        "text": found.text,
    }


def _issuance(found: audits_.Issuance) -> Shape:
    return {
        "fingerprint": found.fingerprint,
        "user": found.user,
        "party": found.party,
        "activity": found.activity,
        "purpose": found.purpose,
        "issuedAt": times.precise(found.issued_at),
        "expiresAt": times.precise(found.expires_at),
        "revokedAt": None if found.revoked_at is None else times.precise(found.revoked_at),
    }


def _tally(found: audits_.Tally, *, whole: bool) -> Shape:
    """What the customer does is withheld from the provider."""
    return {
        "activity": found.activity,
        "day": found.day,
        "byCustomer": found.by_customer if whole else None,
        "readsByCustomer": found.reads_by_customer if whole else None,
        "byProvider": found.by_provider,
        "breaches": found.breaches,
    }
