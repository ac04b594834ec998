"""Break-glass: asked for by a named person of the provider, consented to by the customer, ended by either.

A request says under which activity somebody enters, how far and for how long. Nothing of it works before the
customer's consent or, in an emergency, a second person of the provider; the reconciler makes and voids the credential.
"""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from steward.domain import accesses, actors, clusters, errors, events, projects
from steward.operations import access as access_
from steward.operations import context as context_
from steward.operations import history, registry, rights
from steward.operations.registry import operation
from steward.ports import records

KUBECONFIG = "kubeconfig"  # sealed under the access's id, until its end
CREDENTIAL = "credential"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NONE = "This access does not exist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    activity: str
    scope: accesses.Scope
    reason: str
    minutes: int
    ticket_id: str = ""
    emergency: bool = False


@operation("access.request", "access.request_under")
async def request(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, wanted: Request
) -> accesses.Access:
    now = context.clock.now()
    async with context.records.begin() as work:
        registry.under(wanted.activity)
        cluster = await access_.cluster(work, actor, project_id, cluster_id)
        accesses.check_named(actor)
        _check_standing(cluster)
        await _check_ticket(work, cluster, wanted.ticket_id)
        made = accesses.Access(
            id=str(uuid.uuid4()),
            project_id=cluster.project_id,
            cluster_id=cluster.id,
            activity=wanted.activity,
            scope=wanted.scope,
            reason=accesses.checked_reason(wanted.reason),
            ticket_id=wanted.ticket_id,
            emergency=wanted.emergency,
            minutes=accesses.checked_minutes(wanted.minutes),
            requested_by=actor.name,
            requester_id=str(actor.person_id),
            requested_at=now,
        )
        await work.accesses.put(made)
        how = "in an emergency " if made.emergency else ""
        told = (
            f"{actor.name} asks for access to the cluster under {made.activity} ({made.scope}, {made.minutes} minutes) "
            f"{how}because: {made.reason}"
        )
        await _write(
            work, history.Deed(operation="access.request", type="access:requested", message=told), context, actor, made
        )
    context.wake(f"access:{made.id}")
    return made


@operation("access.approve")
async def approve(
    context: context_.Context, actor: actors.Actor, *, project_id: str, access_id: str
) -> accesses.Access:
    """The customer's consent."""
    return await _approve(context, actor, "access.approve", project_id, access_id)


@operation("access.approve_emergency")
async def approve_emergency(
    context: context_.Context, actor: actors.Actor, *, project_id: str, access_id: str
) -> accesses.Access:
    """By a second person of the provider; a review is owed afterwards."""
    return await _approve(context, actor, "access.approve_emergency", project_id, access_id)


async def _approve(
    context: context_.Context, actor: actors.Actor, name: str, project_id: str, access_id: str
) -> accesses.Access:
    async with context.records.begin() as work:
        found, cluster = await _found(work, actor, project_id, access_id)
        _check_standing(cluster)
        approved = accesses.approved(found, actor, context.clock.now())
        await work.accesses.put(approved)
        told = (
            f"{actor.name} approved the access of {found.requested_by} ({found.scope}) "
            f"until {approved.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        )
        await _write(work, history.Deed(operation=name, type="access:approved", message=told), context, actor, approved)
    context.wake(f"access:{approved.id}")
    return approved


@operation("access.deny")
async def deny(context: context_.Context, actor: actors.Actor, *, project_id: str, access_id: str) -> accesses.Access:
    async with context.records.begin() as work:
        found, _ = await _found(work, actor, project_id, access_id)
        denied = accesses.denied(found, actor.name, context.clock.now())
        await work.accesses.put(denied)
        told = f"{actor.name} denied the access that {found.requested_by} asked for"
        await _write(
            work, history.Deed(operation="access.deny", type="access:denied", message=told), context, actor, denied
        )
    context.wake(f"access:{denied.id}")
    return denied


@operation("access.end", "access.give_back")
async def end(context: context_.Context, actor: actors.Actor, *, project_id: str, access_id: str) -> accesses.Access:
    """By either party, at once; a request that nobody answered yet is taken back."""
    name = _of_party(actor, "access.end", "access.give_back")
    async with context.records.begin() as work:
        found, _ = await _found(work, actor, project_id, access_id)
        now = context.clock.now()
        waiting = found.status is accesses.Status.REQUESTED
        over = accesses.denied(found, actor.name, now) if waiting else accesses.ending(found, actor.name, now)
        await work.accesses.put(over)
        told = f"{actor.name} ended the access of {found.requested_by}"
        await _write(work, history.Deed(operation=name, type="access:ended", message=told), context, actor, over)
    context.wake(f"access:{over.id}")
    return over


async def end_all_of(work: records.Work, context: context_.Context, actor: actors.Actor, person_id: str) -> list[str]:
    """Whoever may act no longer is out of every cluster: subjects to wake. Part of what takes the person's rights."""
    now, subjects = context.clock.now(), []
    for found in await work.accesses.all():
        if found.requester_id != person_id or found.status not in accesses.CAN_BE_ENDED:
            continue
        waiting = found.status is accesses.Status.REQUESTED
        over = accesses.denied(found, actor.name, now) if waiting else accesses.ending(found, actor.name, now)
        await work.accesses.put(over)
        told = f"{found.requested_by} may act no longer, so its access is over"
        deed = history.Deed(operation="access.give_back", type="access:ended", message=told)
        await _write(work, deed, context, actor, over)
        subjects.append(f"access:{over.id}")
    return subjects


@operation("access.review")
async def review(
    context: context_.Context, actor: actors.Actor, *, project_id: str, access_id: str, verdict: str, text: str
) -> accesses.Access:
    """The customer's word on what was done; also when the cluster is gone."""
    said = accesses.checked_reason(text, "review") if text or verdict == accesses.Verdict.DISPUTED else ""
    if verdict not in list(accesses.Verdict):
        raise errors.BadInput(f"A verdict is one of {', '.join(accesses.Verdict)}, not {verdict[:40]!r}")
    async with context.records.begin() as work:
        found, _ = await _found(work, actor, project_id, access_id)
        chosen = accesses.Verdict(verdict)
        reviewed = accesses.reviewed(found, actor.name, chosen, said, context.clock.now())
        await work.accesses.put(reviewed)
        told = f"{actor.name} {chosen} the access of {found.requested_by}"
        await _write(
            work,
            history.Deed(operation="access.review", type="access:reviewed", message=told),
            context,
            actor,
            reviewed,
        )
    return reviewed


@operation("access.collect")
async def collect(context: context_.Context, actor: actors.Actor, *, project_id: str, access_id: str) -> str:
    """The kubeconfig, once, for who asked for the access alone."""
    async with context.records.begin() as work:
        found, _ = await _found(work, actor, project_id, access_id)
        accesses.check_named(actor)
        if str(actor.person_id) != found.requester_id:
            raise errors.Forbidden(
                f"The credential is for {found.requested_by} alone",
                code="NOT_YOURS",
                details={
                    "whoMay": found.requested_by,
                    "howToAsk": "Ask for one of your own: steward access request",
                },
            )
        plain = await work.secrets.get(found.id, KUBECONFIG)
        collected = accesses.collected(found, context.clock.now())
        if plain is None:
            raise errors.Conflict("The credential is not made yet; try again in a few seconds")
        await work.accesses.put(collected)
        told = f"{actor.name} took the credential of the access"
        await _write(
            work,
            history.Deed(operation="access.collect", type="access:collected", message=told),
            context,
            actor,
            collected,
        )
    return plain.decode()


async def of_project(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str = ""
) -> Sequence[accesses.Access]:
    """Of all its clusters, or of one; oldest first."""
    async with context.records.read() as work:
        owner = await access_.project(work, actor, project_id)
        found = await (work.accesses.of(cluster_id) if cluster_id else work.accesses.all())
        return [each for each in found if each.project_id == owner.id]


async def all_of(context: context_.Context, actor: actors.Actor) -> Sequence[accesses.Access]:
    """Of every project that the actor may see; oldest first."""
    async with context.records.read() as work:
        found = await work.accesses.all()
        if actor.of_provider:
            return found
        known = await work.projects.of_account(actor.account) if actor.account else []
        own = {each.id for each in known if actor.reaches(each)}
        return [each for each in found if each.project_id in own]


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str, access_id: str) -> accesses.Access:
    async with context.records.read() as work:
        return await _of(work, await access_.project(work, actor, project_id), access_id)


async def _found(
    work: records.Work, actor: actors.Actor, project_id: str, access_id: str
) -> tuple[accesses.Access, clusters.Cluster | None]:
    """Decided upon under the contract of its cluster, or the project's once that is gone."""
    owner = await access_.seen(work, actor, project_id)
    found = await _of(work, owner, access_id)
    cluster = await work.clusters.get(found.cluster_id)
    await rights.decided(work, actor, project=owner, cluster=cluster)
    return found, cluster


async def _of(work: records.Work, owner: projects.Project, access_id: str) -> accesses.Access:
    found = await work.accesses.get(access_id) if _ID.fullmatch(access_id) else None
    if found is None or found.project_id != owner.id:
        raise errors.NotFound(_NONE)
    return found


async def _write(
    work: records.Work, deed: history.Deed, context: context_.Context, actor: actors.Actor, about: accesses.Access
) -> None:
    """In the history of its cluster, also once that is gone."""
    await history.keep(
        work,
        events.Event(
            at=context.clock.now(),
            project_id=about.project_id,
            cluster_id=about.cluster_id,
            subject="access",
            subject_id=about.id,
            type=deed.type,
            message=deed.message,
            actor=actor.name,
            activity=registry.activity_of(deed.operation),
            facts={
                "operation": deed.operation,
                "under": about.activity,
                "scope": about.scope.value,
                "minutes": str(about.minutes),
                "emergency": "yes" if about.emergency else "no",
                history.PARTY: actor.party,
            },
        ),
    )


async def _check_ticket(work: records.Work, cluster: clusters.Cluster, ticket_id: str) -> None:
    if not ticket_id:
        return
    ticket = await work.tickets.get(ticket_id)
    if ticket is None or ticket.project_id != cluster.project_id:
        raise errors.NotFound("This ticket does not exist in the cluster's project")


def _check_standing(cluster: clusters.Cluster | None) -> None:
    if cluster is None or cluster.deleting:
        raise errors.Conflict("The cluster is being deleted or gone; there is nothing to enter")
    if cluster.installed_at is None:
        raise errors.Conflict("The cluster is still being installed; there is nothing of the customer's to enter yet")


def _of_party(actor: actors.Actor, customers: str, providers: str) -> str:
    name = providers if actor.of_provider else customers
    registry.narrow(name)
    return name
