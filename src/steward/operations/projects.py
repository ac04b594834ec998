"""Projects: made by the operator for a customer's account, looked at and described by both."""

import dataclasses
import secrets
from collections.abc import Sequence

import structlog

from steward.domain import actors, projects
from steward.operations import access
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
    async with context.records.begin() as work:
        await work.projects.save(project)
    _log.info(
        "project.created",
        project=project.id,
        account=project.account,
        actor=actor.name,
        activity=activity_of("project.create"),
    )
    return project


async def all_of(context: context_.Context, actor: actors.Actor) -> Sequence[projects.Project]:
    """The customer's own; the provider sees all."""
    async with context.records.read() as work:
        if actor.of_provider:
            return await work.projects.all()
        return await work.projects.of_account(actor.account) if actor.account else []


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
