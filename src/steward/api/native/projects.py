"""`/native/projects` and the keys to them: made and handed over by the provider, then the customer's to manage."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import credentials as credentials_
from steward.domain import errors
from steward.domain import people as people_
from steward.operations import accounts, credentials, people, projects

router = APIRouter(prefix="/native/projects", tags=["native"], route_class=calls.EitherRoute)
validation = APIRouter(prefix="/native/credentials", tags=["native"], route_class=calls.EitherRoute)

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post("", openapi_extra=calls.changes("project.create"))
async def create(call: calls.Caller, body: requests.ProjectCreation) -> Response:
    made = await projects.create(call.context, call.actor, account=body.account, description=body.description)
    return answers.ok(shapes.project(made))


@router.get("")
async def every(call: calls.Caller) -> Response:
    return answers.ok([shapes.project(each) for each in await projects.all_of(call.context, call.actor)])


@router.get("/{project_id}")
async def one(call: calls.Caller, project_id: str) -> Response:
    return answers.ok(shapes.project(await projects.get(call.context, call.actor, project_id=project_id)))


@router.post("/{project_id}/credentials", openapi_extra=calls.changes("credential.create", "account.hand_over"))
async def issue(call: calls.Caller, project_id: str, body: requests.CredentialCreation) -> Response:
    """The only answer that holds the secrets."""
    rules = None if body.rules is None else [(each.method, each.path) for each in body.rules]
    if body.owner is not None and body.days is not None:
        raise errors.BadInput("[days] the key of a hand-over does not end by itself; the customer revokes it")
    if body.owner is not None:
        made = await accounts.hand_over(
            call.context,
            call.actor,
            project_id=project_id,
            owner=people.Invitation(email=body.owner.email, name=body.owner.name, role=people_.Role.OWNER),
            description=body.description,
            rules=rules,
        )
        invited = {**shapes.person(made.owner), "invitation": made.invitation}
        return answers.ok({**_with_secrets(made.application, made.credential, call.now), "owner": invited})
    application, credential = await credentials.issue(
        call.context,
        call.actor,
        project_id=project_id,
        description=body.description,
        rules=rules,
        days=body.days,
    )
    return answers.ok(_with_secrets(application, credential, call.now))


def _with_secrets(
    application: credentials_.Application, credential: credentials_.Credential, now: datetime
) -> shapes.Shape:
    secrets = {"applicationSecret": application.secret, "consumerKey": credential.consumer_key}
    return {**shapes.credential(credential, now), **secrets}


@router.get("/{project_id}/credentials")
async def issued(call: calls.Caller, project_id: str) -> Response:
    found = await credentials.all_of_project(call.context, call.actor, project_id=project_id)
    return answers.ok([shapes.credential(each, call.now) for each in found])


@router.delete("/{project_id}/credentials/{credential_id}", openapi_extra=calls.changes("credential.revoke"))
async def revoke(call: calls.Caller, project_id: str, credential_id: Id) -> Response:
    await credentials.revoke_of_project(call.context, call.actor, project_id=project_id, credential_id=credential_id)
    call.wiring.authentication.forget()
    return answers.void()


@validation.post("/{credential_id}/validate", openapi_extra=calls.changes("credential.validate"))
async def validate(call: calls.Caller, credential_id: Id, body: requests.Validation) -> Response:
    """By the customer it will act for, which has the application's link."""
    call.wiring.authentication.check_link(credential_id, body.token)
    validated = await credentials.validate(call.context, call.actor, credential_id=credential_id, days=body.days)
    call.wiring.authentication.forget()
    return answers.ok(shapes.credential(validated, call.now))


@validation.post("/{credential_id}/refuse", openapi_extra=calls.changes("credential.refuse"))
async def refuse(call: calls.Caller, credential_id: Id, body: requests.Validation) -> Response:
    call.wiring.authentication.check_link(credential_id, body.token)
    if body.days is not None:
        raise errors.BadInput("[days] are of a credential that is granted")
    refused = await credentials.refuse(call.context, call.actor, credential_id=credential_id)
    call.wiring.authentication.forget()
    return answers.ok(shapes.credential(refused, call.now))
