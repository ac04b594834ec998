"""Projects: made by the provider for a customer's account, looked at by both, described by the customer."""

import dataclasses
import secrets
from collections.abc import Sequence

import structlog

from steward.catalogue import loading
from steward.domain import accounts, actors, clusters, errors, events, projects
from steward.operations import access, capabilities, history, rights
from steward.operations import context as context_
from steward.operations.registry import activity_of, operation

_log = structlog.get_logger()


@operation("project.create")
async def create(
    context: context_.Context, actor: actors.Actor, *, account: str, description: str = ""
) -> projects.Project:
    project = projects.Project(
        id=projects.ProjectId(secrets.token_hex(16)),
        account=projects.checked_account(account),
        description=projects.checked_description(description),
        status=projects.Status.OK,
        created_at=context.clock.now(),
    )
    now = context.clock.now()
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        known = await work.accounts.get(project.account)
        if known is not None and known.status is not accounts.Status.ACTIVE:
            raise errors.Conflict(f"Account {known.id} is {known.status.value}: it gets no further project")
        await work.projects.save(project)
        if known is None:
            await work.accounts.put(accounts.Account(id=project.account, created_at=now, changed_at=now))
        await history.keep(work, _made(project, actor))
    _log.info(
        "project.created",
        project=project.id,
        account=project.account,
        actor=actor.name,
        activity=activity_of("project.create"),
    )
    return project


def _made(project: projects.Project, actor: actors.Actor) -> events.Event:
    return events.Event(
        at=project.created_at,
        project_id=project.id,
        cluster_id=clusters.ClusterId(""),
        subject="project",
        subject_id=project.id,
        type="project:created",
        message=f"Project {project.id} was made for account {project.account}",
        actor=actor.name,
        activity=activity_of("project.create"),
        facts={history.PARTY: actor.party},
    )


async def all_of(context: context_.Context, actor: actors.Actor) -> Sequence[projects.Project]:
    """The customer's own; the provider sees all."""
    async with context.records.read() as work:
        if actor.of_provider:
            return await work.projects.all()
        found = await work.projects.of_account(actor.account) if actor.account else []
    return [each for each in found if actor.reaches(each)]


@operation("project.open_region")
async def open_region(
    context: context_.Context, actor: actors.Actor, *, project_id: str, region: str
) -> loading.RegionFact:
    """Every region of the provider is open to every project, so this asks for what is there already."""
    async with context.records.begin() as work:
        await access.project(work, actor, project_id)
    return capabilities.region(region)


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str) -> projects.Project:
    async with context.records.read() as work:
        return await access.project(work, actor, project_id)


@operation("project.edit")
async def edit(context: context_.Context, actor: actors.Actor, *, project_id: str, description: str | None) -> None:
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        if description is None or description == project.description:
            return
        await work.projects.save(dataclasses.replace(project, description=projects.checked_description(description)))
    _log.info("project.edited", project=project_id, actor=actor.name, activity=activity_of("project.edit"))
