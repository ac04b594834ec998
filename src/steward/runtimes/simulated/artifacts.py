"""Programs of Kubernetes versions in the simulated world: nothing is to be obtained, unless a fault says so."""

from steward.domain import versions
from steward.ports.artifacts import Missing
from steward.runtimes.simulated import world


class SimulatedArtifacts:
    def __init__(self, world: world.World) -> None:
        self._world = world

    async def obtain(self, version: versions.Version) -> Missing | None:
        await self._world.pause()
        reason = self._world.missing.get(str(version))
        if reason is None:
            return None
        return Missing(message=f"Kubernetes {version} is not there", reason=reason)
