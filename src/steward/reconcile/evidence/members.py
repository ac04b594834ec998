"""Who has access: the customer's members and credentials (3.1.2-1), the provider's certificates and entries (3.1.2-2).

Lists of who has access are looked through here for what must not be; that the right people have it is for the reviews.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from steward.domain import (
    accesses,
    accounts,
    audits,
    clusters,
    credentials,
    errors,
    evidence,
    notices,
    oauth2,
    people,
    projects,
)
from steward.domain.evidence import Outcome
from steward.operations import coverage, outbox
from steward.ports import records
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

KEEP_REGISTER = "3.1.2-2"
EVERY = 300.0
SHOWN = 20


def jobs(services: Services) -> list[jobs_.Job]:
    async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
        async with services.records.read() as work:
            issued = await work.issuances.of(cluster.id)
            entered = await work.accesses.of(cluster.id)
        return [register(issued, entered, services.clock.now())]

    async def act() -> None:
        await _at_every_project(services)
        await looks.at_every_cluster(services, look)

    return [jobs_.Job(name="evidence-members", activity=KEEP_REGISTER, every=EVERY, act=act)]


async def _at_every_project(services: Services) -> None:
    async with services.records.read() as work:
        found = await work.projects.all()
    for project in found:
        now = services.clock.now()
        async with services.records.read() as work:
            saw = await _members(work, project, now)
            if not await coverage.is_news(work, looks.piece(saw, evidence.of_project(project.id), now)):
                continue
        async with services.records.begin() as work:
            await looks.keep(work, [saw], evidence.of_project(project.id), project.id, now)
            await _tell_first(work, project, saw, now)


async def _tell_first(work: records.Work, project: projects.Project, saw: Saw, now: datetime) -> None:
    """The provider is informed of each change by whoever makes it; of the list as it was first seen, from here."""
    subject = evidence.of_project(project.id)
    owed = await work.receipts.of(notices.row(saw.activity, subject, errors.PROVIDER), latest=1)
    if owed or saw.outcome is not Outcome.PROVEN:
        return
    news = outbox.News(
        at=now,
        activity=saw.activity,
        type="members:listed",
        text="The members and credentials of a project were listed",
        acted=errors.CUSTOMER,
        project_id=project.id,
        subject=subject,
        facts={"digest": evidence.digest(saw.facts)},
    )
    await outbox.inform(work, news)


async def _members(work: records.Work, project: projects.Project, now: datetime) -> Saw:
    persons = await work.people.of(project.account)
    tokens = {each.id: await work.tokens.of(each.id) for each in persons}
    keys = await work.credentials.of_account(project.account)
    account = await work.accounts.get(project.account)
    programs = await work.oauth2_clients.of(project.account)
    return members(account, persons, tokens, keys, now, programs)


def members(
    account: accounts.Account | None,
    persons: Sequence[people.Person],
    tokens: Mapping[people.PersonId, Sequence[people.Token]],
    keys: Sequence[credentials.Credential],
    now: datetime,
    programs: Sequence[oauth2.Client] = (),
) -> Saw:
    usable_keys = [each for each in keys if each.usable(now)]
    usable = {each.id: sum(1 for token in tokens.get(each.id, ()) if token.usable(now)) for each in persons}
    left_over = [each.id for each in persons if each.status is people.Status.CLOSED and usable[each.id]]
    strangers = [each.id for each in persons if each.party != errors.CUSTOMER]
    closed = account is not None and account.status is accounts.Status.CLOSED
    facts = {
        "people": sorted(f"{each.id} {each.role.value} {each.status.value}" for each in persons),
        "credentials": sorted(each.id for each in usable_keys),
        "programs": sorted(f"{each.id} {each.role.value}" for each in programs),
        "tokensOf": {person: count for person, count in sorted(usable.items()) if count},
    }

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity="3.1.2-1", collector="members", outcome=outcome, summary=said, facts=facts)

    if left_over:
        return saw(Outcome.BREACHED, f"{len(left_over)} people who were closed still have usable tokens")
    if strangers:
        return saw(Outcome.BREACHED, f"{len(strangers)} members of the account are no people of the customer's")
    if closed and (usable_keys or programs or any(usable.values())):
        return saw(Outcome.BREACHED, "The account is closed, and credentials of it are still usable")
    if not persons and not usable_keys and not programs:
        return saw(Outcome.UNKNOWN, "Nobody has access to the project yet")
    count = len(usable_keys) + len(programs)
    said = f"{len(persons)} people and {count} credentials have access, none of them without right"
    return saw(Outcome.PROVEN, said)


def register(issued: Sequence[audits.Issuance], entered: Sequence[accesses.Access], now: datetime) -> Saw:
    """Every certificate ends; every entry by people was consented to and ended in time.

    Its review is the customer's to make (3.1.2-3): that one is overdue is said, and is no wrong of the provider's.
    """
    own = [each for each in issued if each.party == errors.PROVIDER]
    standing = [each for each in own if each.revoked_at is None and each.expires_at > now]
    wrong = [f"{each.id}: {reason}" for each in entered if (reason := _wrong(each, now))]
    overdue = [each for each in entered if accesses.review_owed(each) and each.review_due and each.review_due < now]
    facts = {
        "purposes": sorted({f"{each.user} {each.purpose}" for each in standing}),
        "entries": [f"{each.id} {each.status.value}" for each in entered][-SHOWN:],
        "wrong": wrong[-SHOWN:],
        "reviewsOverdue": len(overdue),
    }

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity=KEEP_REGISTER, collector="register", outcome=outcome, summary=said, facts=facts)

    if wrong:
        return saw(Outcome.BREACHED, f"{len(wrong)} entries of the provider's people are not as they must be")
    if not own:
        return saw(Outcome.UNKNOWN, "No certificate of the provider's stands in the register yet")
    said = f"Every certificate of the provider's is registered and ends; {len(entered)} entries by people, all in order"
    if overdue:
        said += f"; the customer's review of {len(overdue)} is overdue"
    return saw(Outcome.PROVEN, said)


def _wrong(access: accesses.Access, now: datetime) -> str:
    status = accesses.Status
    if access.status is status.ACTIVE and access.expires_at is not None and access.expires_at < now - looks.GRACE:
        return "is open after its end"
    if access.status is status.ENDING and access.ended_at is not None and access.ended_at < now - looks.GRACE:
        return "its credential is not proved to be void"
    if access.status in (status.ACTIVE, status.ENDING, status.ENDED) and not access.approved_by:
        return "nobody consented to it"
    return ""
