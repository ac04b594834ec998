"""Where a project's notices are sent to beside people's mailboxes: made, changed, tried out, removed.

Secrets are made by us, shown once, and lie sealed under the webhook's id. After a rotation the former one signs as
well for a day, so that no receiver misses a message.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from steward.domain import actors, errors, ledgers, projects
from steward.domain import notices as notices_
from steward.operations import access, registry
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import messengers, records

SECRET, FORMER = "secret", "former-secret"
TEST_TYPE = notices_.TEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """None: as it is, or the default."""

    url: str | None = None
    least: str | None = None
    digest: bool | None = None
    checkpoints: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    arrived: bool
    answer: str  # the receipt, or why there is none


async def of_project(
    context: context_.Context, actor: actors.Actor, *, project_id: str
) -> Sequence[notices_.Preference]:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        return await work.preferences.of(project.id)


async def get(
    context: context_.Context, actor: actors.Actor, *, project_id: str, webhook_id: str
) -> notices_.Preference:
    async with context.records.read() as work:
        return await _one(work, await access.project(work, actor, project_id), webhook_id)


@operation("webhook.create")
async def create(
    context: context_.Context, actor: actors.Actor, *, project_id: str, wanted: Wanted
) -> tuple[notices_.Preference, str]:
    """With its secret, which is shown this once."""
    now, secret = context.clock.now(), notices_.made_secret()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        if len(await work.preferences.of(project.id)) >= notices_.MOST_WEBHOOKS:
            raise errors.Conflict(f"A project has at most {notices_.MOST_WEBHOOKS} webhooks; remove one first")
        if not wanted.url:
            raise errors.BadInput("[url] is needed: where the messages are to be sent")
        made = notices_.Preference(
            id=str(uuid.uuid4()),
            party=errors.CUSTOMER,
            project_id=project.id,
            channel=notices_.Channel.WEBHOOK,
            created_at=now,
        )
        made = _changed(context, made, wanted)
        await work.preferences.put(made)
        await work.secrets.put(made.id, SECRET, secret.encode())
        await _keep(work, "webhook:created", made, actor, now)
    return made, secret


@operation("webhook.change")
async def change(
    context: context_.Context, actor: actors.Actor, *, project_id: str, webhook_id: str, wanted: Wanted
) -> notices_.Preference:
    async with context.records.begin() as work:
        found = await _one(work, await access.project(work, actor, project_id), webhook_id)
        changed = _changed(context, found, wanted)
        await work.preferences.put(changed)
        await _keep(work, "webhook:changed", changed, actor, context.clock.now())
    return changed


@operation("webhook.rotate")
async def rotate(
    context: context_.Context, actor: actors.Actor, *, project_id: str, webhook_id: str
) -> tuple[notices_.Preference, str]:
    """The new secret, shown this once."""
    now, secret = context.clock.now(), notices_.made_secret()
    async with context.records.begin() as work:
        found = await _one(work, await access.project(work, actor, project_id), webhook_id)
        former = await work.secrets.get(found.id, SECRET)
        if former is not None:
            await work.secrets.put(found.id, FORMER, former)
        await work.secrets.put(found.id, SECRET, secret.encode())
        rotated = replace(found, rotated_at=now)
        await work.preferences.put(rotated)
        await _keep(work, "webhook:secret-rotated", rotated, actor, now)
    return rotated, secret


@operation("webhook.remove")
async def remove(context: context_.Context, actor: actors.Actor, *, project_id: str, webhook_id: str) -> None:
    """With its secrets; what still waits to be sent to it is given up, and said so."""
    async with context.records.begin() as work:
        found = await _one(work, await access.project(work, actor, project_id), webhook_id)
        await work.preferences.remove(found.id)
        await work.paces.remove_of(found.id)
        await work.secrets.remove_all(found.id)
        await _keep(work, "webhook:removed", found, actor, context.clock.now())


@operation("webhook.test")
async def try_out(context: context_.Context, actor: actors.Actor, *, project_id: str, webhook_id: str) -> Tried:
    """One message, sent now and once; it is no notice and no receipt of one."""
    async with context.records.begin() as work:
        found = await _one(work, await access.project(work, actor, project_id), webhook_id)
        secret = await signing(work, found, context.clock.now())
        await _keep(work, "webhook:tested", found, actor, context.clock.now())
    payload = {"webhook": found.id, "text": "This is a test. Nothing happened."}
    try:
        answer = await context.webhooks.send(found.address, secret, str(uuid.uuid4()), TEST_TYPE, payload)
    except messengers.NotSent as reason:
        return Tried(arrived=False, answer=str(reason))
    return Tried(arrived=True, answer=answer)


async def signing(work: records.Work, webhook: notices_.Preference, now: datetime) -> str:
    """What `Webhooks.send` takes as its secret."""
    secret = await work.secrets.get(webhook.id, SECRET)
    if secret is None:
        raise errors.Unavailable(f"The secret of webhook {webhook.id} is missing; rotate it")
    former = await work.secrets.get(webhook.id, FORMER)
    recent = webhook.rotated_at is not None and now - webhook.rotated_at < notices_.OVERLAP
    known = [secret, former] if former is not None and recent else [secret]
    return " ".join(each.decode() for each in known)


def _changed(context: context_.Context, old: notices_.Preference, wanted: Wanted) -> notices_.Preference:
    if wanted.url is not None:
        context.webhooks.check(wanted.url)
    return replace(
        old,
        address=old.address if wanted.url is None else wanted.url,
        least=old.least if wanted.least is None else notices_.checked_severity(wanted.least),
        digest=old.digest if wanted.digest is None else wanted.digest,
        checkpoints=old.checkpoints if wanted.checkpoints is None else wanted.checkpoints,
    )


async def _one(work: records.Work, project: projects.Project, webhook_id: str) -> notices_.Preference:
    found = await work.preferences.get(webhook_id)
    if found is None or found.project_id != project.id or found.channel is not notices_.Channel.WEBHOOK:
        raise errors.NotFound("This webhook does not exist in this project")
    return found


async def _keep(
    work: records.Work, type_: str, webhook: notices_.Preference, actor: actors.Actor, at: datetime
) -> None:
    """In the project's ledger; the address may name people, so it is committed to, not written."""
    doing = registry.current()
    name = doing.names[0] if doing is not None else "webhook.change"
    draft = ledgers.Draft(
        kind="event",
        at=at,
        activity=registry.activity_of(name),
        subject=f"project:{webhook.project_id}",
        facts={"type": type_, "webhook": webhook.id, "operation": name, "party": actor.party},
        personal={"actor": actor.name, "url": webhook.address},
    )
    await work.ledger.append(ledgers.log_of(webhook.project_id), draft)
