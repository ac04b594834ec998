"""What signs in for you and your party: API tokens, OAuth2 clients, application keys. Secrets are shown once."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import calls
from steward.api.console import doors
from steward.domain import credentials as credentials_
from steward.domain import errors, people
from steward.operations import credentials, oauth2, tokens

router = APIRouter(prefix="/console/keys", include_in_schema=False, route_class=doors.SessionRoute)

_REVOKE_TOKEN = calls.changes("token.revoke", "staff_token.revoke")
_CREATE_CLIENT = calls.changes("oauth2_client.create", "staff_oauth2_client.create")
_REMOVE_CLIENT = calls.changes("oauth2_client.remove", "staff_oauth2_client.remove")
_PENDING = credentials_.Status.PENDING
_IN_USE = (credentials_.Status.VALIDATED, _PENDING)


@router.get("")
async def every(visit: doors.Visitor) -> Response:
    """What has ended is left out."""
    now = visit.context.clock.now()
    keys = await credentials.all_own(visit.context, visit.actor)
    names = {each.key: each.name for each in await credentials.applications(visit.context, visit.actor)}
    return visit.page(
        "keys.html",
        tokens=[each for each in await tokens.all_of(visit.context, visit.actor) if each.usable(now)],
        clients=await oauth2.all_of(visit.context, visit.actor),
        keys=[each for each in keys if each.state(now) in _IN_USE],
        names=names,
        roles=[each for each in people.Role if each.party == visit.actor.party],
        usual_role=people.Role.OPERATOR if visit.actor.of_provider else people.Role.ADMIN,
        manages=visit.actor.role in (people.Role.OWNER, people.Role.OPERATOR),
        usual_days=tokens.USUAL_DAYS,
        most_days=tokens.MOST_DAYS,
    )


@router.post("/tokens", openapi_extra=calls.changes("token.create", "staff_token.create"))
async def create_token(visit: doors.Visitor) -> Response:
    days = visit.text("days")
    if not (days.isascii() and days.isdigit() and len(days) < 6):
        raise errors.BadInput("[days] is a number of days")
    token, secret = await tokens.create(
        visit.context, visit.actor, description=visit.text("description"), days=int(days)
    )
    return visit.page("secret.html", title="Your token", shown={"Token": secret}, until=token.expires_at)


@router.post("/tokens/{token_id}/revoke", openapi_extra=_REVOKE_TOKEN)
async def revoke_token(visit: doors.Visitor, token_id: str) -> Response:
    await tokens.revoke(visit.context, visit.actor, token_id=token_id)
    return _back(visit, "token-revoked")


@router.post("/clients", openapi_extra=_CREATE_CLIENT)
async def create_client(visit: doors.Visitor) -> Response:
    wanted = oauth2.Wanted(
        name=visit.text("name"), description=visit.text("description"), role=visit.text("role") or None
    )
    client, secret = await oauth2.create(visit.context, visit.actor, wanted)
    shown = {"Client id": client.id, "Client secret": secret}
    return visit.page("secret.html", title=f"OAuth2 client {client.name}", shown=shown, until=None)


@router.post("/clients/{client_id}/remove", openapi_extra=_REMOVE_CLIENT)
async def remove_client(visit: doors.Visitor, client_id: str) -> Response:
    await oauth2.remove(visit.context, visit.actor, client_id=client_id)
    return _back(visit, "client-removed")


@router.post("/credentials/{credential_id}/revoke", openapi_extra=calls.changes("credential.revoke"))
async def revoke_key(visit: doors.Visitor, credential_id: int) -> Response:
    await credentials.revoke_own(visit.context, visit.actor, credential_id=credential_id)
    return _back(visit, "key-revoked")


def _back(visit: doors.Visit, done: str) -> Response:
    calls.wiring(visit.request).authentication.forget()
    return doors.to("/console/keys", done=done)
