"""Signing in by an OpenID provider: whom it proved is somebody who was invited, or nobody.

Known by its subject at the provider; the first time by an address that the provider has verified. Roles come from
invitations alone. A second factor is asked for as after a password, but where the provider says that it saw one.
"""

import dataclasses
import hashlib
from datetime import datetime

import structlog

from steward.domain import actors, people
from steward.operations import context as context_
from steward.operations import history, sessions, tokens
from steward.operations.registry import operation
from steward.ports import openid, records
from steward.responsibility import operations

_log = structlog.get_logger()


@operation("session.start", "staff_session.start")
async def sign_in(context: context_.Context, claims: openid.Claims) -> sessions.SignedIn:
    """`sessions.SecondFactorRequired` where a code is to follow, which `sessions.go_on` takes."""
    now = context.clock.now()
    async with context.records.begin() as work:
        outcome = await _judged(work, claims, now)
        ended = await sessions.concluded(work, None, outcome, now, by_provider=True)
    return sessions.told(ended)


async def _judged(work: records.Work, claims: openid.Claims, now: datetime) -> people.Person | sessions.Wrong:
    found = await _known(work, claims)
    if isinstance(found, sessions.Wrong):
        return found
    if found.status is people.Status.SUSPENDED:
        return sessions.Wrong("You are suspended; ask somebody who manages people", code="PERSON_SUSPENDED")
    outcome: people.Person | sessions.Wrong = found
    if not claims.second_factor:
        outcome = await sessions.second_factor(work, found, "", now, by_provider=True)
    if isinstance(outcome, people.Person | sessions.SecondFactorRequired):
        await _link(work, claims, found, now)
    if isinstance(outcome, people.Person) and outcome.status is people.Status.INVITED:
        await tokens.revoke_all(work, outcome, now, keep=(people.Purpose.API,))
        return dataclasses.replace(outcome, status=people.Status.ACTIVE)
    return outcome


async def _known(work: records.Work, claims: openid.Claims) -> people.Person | sessions.Wrong:
    link = await work.identities.get(_key(claims))
    person = None if link is None else await work.people.get(link.person_id)
    if person is not None and person.status is not people.Status.CLOSED:
        return person
    address = claims.email.strip().lower()
    person = await work.people.by_key(address) if claims.email_verified and address else None
    if person is None:
        return sessions.Wrong(
            "Nobody was invited with the address that the provider has verified of you; ask for an invitation",
            code="NOT_INVITED",
        )
    if any(each.issuer == claims.issuer for each in await work.identities.of(person.id)):
        return sessions.Wrong(
            "This address belongs to another account at the provider; ask somebody who manages people for a reset",
            code="OTHER_SUBJECT",
        )
    return person


async def _link(work: records.Work, claims: openid.Claims, person: people.Person, now: datetime) -> None:
    """From then on the provider may change the address, and nobody else can come with it."""
    known = await work.identities.get(_key(claims))
    if known is not None and known.person_id == person.id:
        return
    await work.identities.put(
        people.Identity(id=_key(claims), person_id=person.id, issuer=claims.issuer, linked_at=now)
    )
    name = tokens.named("session.start", person.party)
    deed = history.Deed(operation=name, type="person:linked", message="signs in by the OpenID provider from now on")
    await history.of_person(work, deed, at=now, actor=actors.person(person), person=person)
    _log.info("person.linked", person=person.id, activity=operations.ACTIVITY_OF[name])


def _key(claims: openid.Claims) -> str:
    return hashlib.sha256(f"{claims.issuer}\n{claims.subject}".encode("utf-8", "replace")).hexdigest()
