"""`/native/…/attestations` and `/native/…/reviews`: what named persons state, and the lists that they look through."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import evidence
from steward.operations import attestations, reviews

router = APIRouter(prefix="/native/projects/{project_id}", tags=["native"], route_class=calls.EitherRoute)
fleet = APIRouter(prefix="/native", tags=["native"], route_class=calls.EitherRoute)

OfCluster = Annotated[str, Query(alias="cluster")]


class Attestation(requests.Body):
    """`cluster` empty: every cluster of the project. `document`: the SHA-256 of what was looked at."""

    activity: StrictStr
    statement: StrictStr
    until: StrictStr
    cluster: StrictStr = ""
    document: StrictStr = ""


class Review(requests.Body):
    """`digest` is that of the list as it was shown."""

    digest: StrictStr
    statement: StrictStr
    cluster: StrictStr = ""


@router.post("/attestations", openapi_extra=calls.changes("attestation.make"))
async def make(call: calls.Caller, project_id: str, body: Attestation) -> Response:
    made = await attestations.make(call.context, call.actor, project_id=project_id, wish=_wish(body))
    return answers.ok(_made(made))


@router.get("/attestations")
async def every(call: calls.Caller, project_id: str) -> Response:
    found = await attestations.all_of(call.context, call.actor, project_id=project_id)
    return answers.ok([_shown(each) for each in found])


@router.delete("/attestations/{attestation_id}", openapi_extra=calls.changes("attestation.withdraw"))
async def withdraw(call: calls.Caller, project_id: str, attestation_id: str) -> Response:
    await attestations.withdraw(call.context, call.actor, project_id=project_id, attestation_id=attestation_id)
    return answers.void()


@router.get("/reviews/{name}")
async def listed(call: calls.Caller, project_id: str, name: str, cluster: OfCluster = "") -> Response:
    found = await reviews.show(call.context, call.actor, name=name, project_id=project_id, cluster_id=cluster)
    return answers.ok(_listing(found))


@router.post("/reviews/{name}", openapi_extra=calls.changes("review.make"))
async def review(call: calls.Caller, project_id: str, name: str, body: Review) -> Response:
    made = await reviews.make(
        call.context,
        call.actor,
        name=name,
        where=(project_id, body.cluster),
        digest=body.digest,
        statement=body.statement,
    )
    return answers.ok(_made(made))


@fleet.post("/attestations", openapi_extra=calls.changes("attestation.make"))
async def make_of_fleet(call: calls.Caller, body: Attestation) -> Response:
    """Of what concerns all clusters: the provider's."""
    return answers.ok(_made(await attestations.make(call.context, call.actor, project_id="", wish=_wish(body))))


@fleet.get("/attestations")
async def every_of_fleet(call: calls.Caller) -> Response:
    return answers.ok([_shown(each) for each in await attestations.all_of(call.context, call.actor, project_id="")])


@fleet.delete("/attestations/{attestation_id}", openapi_extra=calls.changes("attestation.withdraw"))
async def withdraw_of_fleet(call: calls.Caller, attestation_id: str) -> Response:
    await attestations.withdraw(call.context, call.actor, project_id="", attestation_id=attestation_id)
    return answers.void()


@fleet.get("/reviews/{name}")
async def listed_of_fleet(call: calls.Caller, name: str) -> Response:
    return answers.ok(_listing(await reviews.show(call.context, call.actor, name=name)))


@fleet.post("/reviews/{name}", openapi_extra=calls.changes("review.make"))
async def review_of_fleet(call: calls.Caller, name: str, body: Review) -> Response:
    made = await reviews.make(
        call.context, call.actor, name=name, where=("", body.cluster), digest=body.digest, statement=body.statement
    )
    return answers.ok(_made(made))


def _wish(body: Attestation) -> attestations.Wish:
    return attestations.Wish(
        activity=body.activity,
        statement=body.statement,
        expires_at=requests.moment(body.until, "until"),
        cluster_id=body.cluster,
        document_digest=body.document.lower(),
    )


def _made(found: evidence.Attestation) -> shapes.Shape:
    return {**_described(found), "statement": found.statement, "holds": found.withdrawn_at is None}


def _shown(found: attestations.Shown) -> shapes.Shape:
    return {**_described(found.attestation), "statement": found.statement, "holds": found.holds}


def _described(found: evidence.Attestation) -> shapes.Shape:
    return {
        "id": found.id,
        "activity": found.activity,
        "subject": found.subject,
        "party": found.party,
        "person": found.person,
        "review": found.review,
        "document": found.document_digest,
        "madeAt": shapes.moment(found.made_at),
        "until": shapes.moment(found.expires_at),
        "withdrawnAt": shapes.moment(found.withdrawn_at),
    }


def _listing(found: reviews.Listing) -> shapes.Shape:
    return {
        "review": found.review.name,
        "activity": found.activity,
        "about": found.review.list,
        "items": [dict(each) for each in found.items],
        "digest": found.digest,
        "last": None if found.last is None else _described(found.last),
        "dueAt": shapes.moment(found.due_at),
        "overdue": found.overdue,
    }
