"""Who calls, and what stands for the account, as OVHcloud's models `auth`, `api` and `nichandle` have it."""

import uuid
from datetime import datetime

from steward.api.ovh.shapes import Shape, moment
from steward.domain import actors, credentials, errors, oauth2
from steward.kit import times

# OVHcloud's applications have numbers; ours have keys, so the number is made of the key.
_BITS_OF_A_NUMBER = 0x7FFFFFFF


def number_of(application_key: str) -> int:
    return uuid.uuid5(uuid.NAMESPACE_OID, application_key).int & _BITS_OF_A_NUMBER or 1


def credential(found: credentials.Credential, now: datetime) -> Shape:
    """`api.Credential`."""
    return {
        "credentialId": found.id,
        "applicationId": number_of(found.application_key),
        "status": found.state(now).value,
        "rules": rules(found.rules),
        "allowedIPs": list(found.allowed_ips) or None,
        "ovhSupport": False,
        "creation": times.rfc3339(found.created_at),
        "expiration": moment(found.expires_at),
        "lastUse": moment(found.last_use),
    }


def rules(found: tuple[credentials.AccessRule, ...]) -> list[Shape]:
    return [{"method": each.method, "path": each.path} for each in found]


def application(found: credentials.Application) -> Shape:
    """`api.Application`."""
    return {
        "applicationId": number_of(found.key),
        "applicationKey": found.key,
        "name": found.name,
        "description": found.name,
        "status": "active",
    }


def oauth2_client(found: oauth2.Client) -> Shape:
    """`me.api.oauth2.Client`, and the role that ours have."""
    return {
        "clientId": found.id,
        "name": found.name,
        "description": found.description,
        "flow": oauth2.Flow.CLIENT_CREDENTIALS.value,
        "callbackUrls": [],
        "identity": _program(found.account or errors.PROVIDER, found.id),
        "createdAt": times.rfc3339(found.created_at),
        "role": found.role.value,
    }


def details(actor: actors.Actor, credential: credentials.Credential | None, *, federated: bool) -> Shape:
    """`auth.Details`. `federated`: a person who was let in by an OpenID provider."""
    account = actor.account or errors.PROVIDER
    return {
        "account": account,
        "allowedRoutes": None if credential is None else rules(credential.rules),
        "description": None if credential is None else credential.description or None,
        "identities": _identities(actor, account),
        "method": _method(actor, federated=federated),
        "roles": [actor.role.value] if actor.role and credential is None else [],
        "user": actor.name if actor.person_id else None,
    }


def account(actor: actors.Actor) -> Shape:
    """`nichandle.Nichandle`, of which an account here has a name, and its people have an address."""
    name = actor.account or errors.PROVIDER
    return {
        "nichandle": name,
        "customerCode": name,
        "email": actor.name if actor.person_id else None,
        "name": name,
        "firstname": None,
        "organisation": name,
        "legalform": "corporation",
        "state": "complete",
        "country": None,
        "language": "en_GB",
        "currency": {"code": "points", "symbol": "PTS"},
        "ovhCompany": "local",
        "ovhSubsidiary": "WE",
    }


def _method(actor: actors.Actor, *, federated: bool) -> str:
    if actor.client_id:
        return "oauth2"
    if actor.person_id:
        return "provider" if federated else "user"
    return "account"


def _identities(actor: actors.Actor, account: str) -> list[str]:
    found = [f"urn:v1:local:identity:account:{account}"]
    if actor.client_id:
        found.append(_program(account, actor.client_id))
    elif actor.person_id:
        found.append(f"urn:v1:local:identity:user:{account}/{actor.name}")
    return found


def _program(account: str, client_id: str) -> str:
    return f"urn:v1:local:identity:credential:{account}/oauth2-{client_id}"
