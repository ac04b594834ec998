"""Lets in to a cluster's API who may reach it, and looks in the kernel whether it is so; a step of `clusters`."""

from steward.ports import control_planes
from steward.reconcile.outcome import DONE, Outcome, Wait
from steward.reconcile.services import Services

AGAIN = 1.0  # seconds


async def ensure(services: Services, wanted: control_planes.ControlPlane) -> Outcome:
    seen = await services.control_planes.admission(wanted)
    if seen is not None and not _stands(seen, wanted):
        await services.control_planes.restrict(wanted)
        seen = await services.control_planes.admission(wanted)
    if seen is None:
        return Wait(message="The network of the cluster does not stand", after=AGAIN)
    if not _stands(seen, wanted):
        return Wait(message="The kernel lets in others than those that may reach the API", after=AGAIN)
    return DONE


def _stands(seen: control_planes.Admission, wanted: control_planes.ControlPlane) -> bool:
    return seen.intact and seen.sources == wanted.sources
