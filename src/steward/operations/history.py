"""Writes down what was done, in the transaction that did it, and lets the outbox tell who is informed of it.

Called by operations and reconcilers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from steward.domain import actors, clusters, events, ledgers, nodepools, nodes, oauth2, people, projects
from steward.operations import outbox, registry
from steward.ports import records

Part = nodepools.NodePool | nodes.Node
DELEGATION = "delegation"  # the fact that names what was lent, where an act stands on it
OPERATION, CONTRACT = "operation", "contract"  # what was decided upon, and by which version of the contract
PARTY = "party"  # the fact that says whose act an event was; what automation does has none and is the provider's


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """`operation` gives the activity it falls under."""

    operation: str
    type: str
    message: str
    facts: Mapping[str, str] = field(default_factory=dict)


async def write(
    work: records.Work,
    deed: Deed,
    *,
    at: datetime,
    actor: actors.Actor,
    cluster: clusters.Cluster,
    part: Part | None = None,
) -> None:
    """Of the cluster, or of one of its pools or nodes."""
    await keep(
        work,
        events.Event(
            at=at,
            project_id=cluster.project_id,
            cluster_id=cluster.id,
            subject=_subject(part),
            subject_id=cluster.id if part is None else part.id,
            type=deed.type,
            message=deed.message,
            actor=actor.name,
            activity=registry.activity_of(deed.operation),
            facts={**deed.facts, PARTY: actor.party, **_lent()},
        ),
    )


async def keep(work: records.Work, event: events.Event) -> None:
    """An event is shown to people, and stands in its project's ledger; whoever did it is committed to, not named."""
    event = replace(event, facts={**event.facts, **_decided(event.activity)})
    await work.events.add(event)
    draft = ledgers.Draft(
        kind="event",
        at=event.at,
        activity=event.activity,
        subject=f"{event.subject}:{event.subject_id}",
        facts={"type": event.type, "cluster": event.cluster_id, **event.facts},
        personal={"actor": event.actor, "message": event.message},
    )
    await work.ledger.append(ledgers.log_of(event.project_id), draft)
    await outbox.tell_of(work, event, acted=event.facts.get(PARTY, ""))


async def of_person(
    work: records.Work, deed: Deed, *, at: datetime, actor: actors.Actor, person: people.Person
) -> None:
    """Names and addresses are committed to, not written; a customer's people stand in its projects' ledgers."""
    facts = {**deed.facts, "role": person.role.value}
    draft = _draft(deed, at, actor, f"person:{person.id}", facts, {"person": person.email, "name": person.name})
    await _append(work, draft, person.account, actor.party)


async def of_account(
    work: records.Work, deed: Deed, *, at: datetime, actor: actors.Actor, account: projects.AccountId
) -> None:
    await _append(work, _draft(deed, at, actor, f"account:{account}", deed.facts, {}), account, actor.party)


async def of_client(
    work: records.Work, deed: Deed, *, at: datetime, actor: actors.Actor, client: oauth2.Client
) -> None:
    facts = {**deed.facts, "client": client.id, "role": client.role.value}
    draft = _draft(deed, at, actor, f"client:{client.id}", facts, {"name": client.name})
    await _append(work, draft, client.account, actor.party)


def _draft(
    deed: Deed,
    at: datetime,
    actor: actors.Actor,
    subject: str,
    facts: Mapping[str, str],
    personal: Mapping[str, str],
) -> ledgers.Draft:
    return ledgers.Draft(
        kind="event",
        at=at,
        activity=registry.activity_of(deed.operation),
        subject=subject,
        facts={"type": deed.type, "operation": deed.operation, **facts},
        personal={"actor": actor.name, "message": deed.message, **personal},
    )


async def _append(work: records.Work, draft: ledgers.Draft, account: projects.AccountId | None, acted: str) -> None:
    """To every project of the account, so that each log is whole; to the provider's for its own staff."""
    found = [] if account is None else await work.projects.of_account(account)
    for log in [ledgers.log_of(each.id) for each in found] or [ledgers.PROVIDER_LOG]:
        await work.ledger.append(log, draft)
    for each in found:
        await outbox.inform(
            work,
            outbox.News(
                at=draft.at,
                activity=draft.activity,
                type=draft.facts["type"],
                text=f"Account {account}: {draft.personal['message']}"
                if draft.personal["message"]
                else f"Account {account}",
                acted=acted,
                project_id=each.id,
                subject=draft.subject,
            ),
        )


def lent() -> str:
    """The delegation that what is being done stands on; empty where it stands on none."""
    doing = registry.current()
    return next((each.delegation_id for each in (doing.taken if doing else ()) if each.delegation_id), "")


def _lent() -> dict[str, str]:
    found = lent()
    return {DELEGATION: found} if found else {}


def _decided(activity: str) -> dict[str, str]:
    """Of what was asked for; what a reconciler does on its own was decided when its step was written."""
    doing = registry.current()
    found = next((each for each in (doing.taken if doing else ()) if each.activity == activity), None)
    return {} if found is None else {OPERATION: found.operation, CONTRACT: found.matrix_version}


def _subject(part: Part | None) -> str:
    if part is None:
        return "cluster"
    return "node" if isinstance(part, nodes.Node) else "nodepool"
