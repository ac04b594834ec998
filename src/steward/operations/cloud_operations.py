"""Operations with an id of their own: made by whoever begins the work, completed by whoever sees it done."""

from dataclasses import replace
from datetime import datetime

from steward.domain import actors, errors, projects
from steward.domain import cloud_operations as domain
from steward.operations import access
from steward.operations import context as context_
from steward.ports import records


async def get(
    context: context_.Context, actor: actors.Actor, *, project_id: str, operation_id: str
) -> domain.CloudOperation:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        found = await work.cloud_operations.get(operation_id) if access.is_uuid(operation_id) else None
        if found is None or found.project_id != project.id:
            raise errors.NotFound(f"Operation {operation_id[:64]!r} does not exist", name="NotFoundError")
        return found


async def begin(work: records.Work, made: domain.CloudOperation) -> domain.CloudOperation:
    await work.cloud_operations.put(made)
    await work.cloud_operations.keep_latest(made.project_id, domain.KEPT)
    return made


async def complete(work: records.Work, project_id: projects.ProjectId, resource_id: str, now: datetime) -> None:
    """All that were begun on this resource."""
    for each in await work.cloud_operations.of(project_id):
        if each.resource_id == resource_id and each.completed_at is None:
            await work.cloud_operations.put(replace(each, completed_at=now))
