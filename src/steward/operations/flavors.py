"""Flavors of instances, region by region: all of the catalogue, those too large for the host among them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from steward.domain import actors, errors, flavors
from steward.operations import access, capabilities, capacity
from steward.operations import context as context_


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`left`: how many instances of it have room now."""

    id: str
    flavor: flavors.Flavor
    region: str
    available: bool
    left: int


async def of_project(
    context: context_.Context, actor: actors.Actor, *, project_id: str, region: str = ""
) -> Sequence[Offer]:
    chosen = [capabilities.region(region)] if region else capabilities.regions()
    async with context.records.read() as work:
        await access.project(work, actor, project_id)
        standing = await capacity.promised(work)
    host = context.host
    return [
        Offer(
            id=flavor_id(place.name, each.name),
            flavor=each,
            region=place.name,
            available=host.fits(each),
            left=capacity.room_for(each, host.capacity(), standing) if host.fits(each) else 0,
        )
        for place in chosen
        for each in capabilities.catalogue_flavors().values()
    ]


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str, flavor_id: str) -> Offer:
    for each in await of_project(context, actor, project_id=project_id):
        if each.id == flavor_id:
            return each
    raise errors.NotFound(f"Flavor {flavor_id[:64]!r} does not exist")


def flavor_id(region: str, name: str) -> str:
    """The same on every host and at every start."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{region} {name}"))
