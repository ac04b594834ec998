"""The vRack of a project: what its private networks lie in. One each; it holds nothing else here."""

from steward.domain import actors, errors, private_networks
from steward.domain import cloud_operations as domain
from steward.operations import access, cloud_operations, network_records
from steward.operations import context as context_
from steward.operations import private_networks as networks_
from steward.operations.registry import operation


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str) -> private_networks.Vrack:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        found = await work.vracks.get(project.id)
        if found is None:
            raise errors.NotFound(
                "This project is in no vRack; its first private network makes one", name="NotFoundError"
            )
        return found


@operation("vrack.create")
async def create(context: context_.Context, actor: actors.Actor, *, project_id: str) -> domain.CloudOperation:
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        if await work.vracks.get(project.id) is not None:
            raise errors.Conflict("This project is in a vRack already", name="ConflictError")
        made = await networks_.join_vrack(work, project, now)
        begun = domain.CloudOperation(
            project_id=project.id, action="vrack#create", resource_id=made.id, created_at=now, completed_at=now
        )
        await cloud_operations.begin(work, begun)
        deed = network_records.Deed(
            operation="vrack.create",
            type="vrack:created",
            message=f"The project is in vRack {made.id} now",
            subject=("vrack", made.id),
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)
    return begun
