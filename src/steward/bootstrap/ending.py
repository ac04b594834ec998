"""Takes from the machine what the service itself put there: registry, rules, addresses.

For a machine that no longer serves; refused while a service holds the state folder or clusters are left. With
`--force` clusters are ended first, without asking their owners, and the state folder goes with them: for a machine
whose owners are gone. Run as `python -m steward.bootstrap.ending`.
"""

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from steward.bootstrap import runtimes, state
from steward.domain import clusters, errors, nodes
from steward.outside import clock
from steward.settings import NotRight, Settings, read


async def end(settings: Settings, *, force: bool = False) -> None:
    with state.hold(settings.state):
        runtimes.check_own(settings)
        left = settings.state / "clusters"
        if force:
            await _end_clusters(settings)
        elif left.is_dir() and any(left.iterdir()):
            raise errors.Unavailable(f"Clusters are left in {left}; delete them through the API first")
        await runtimes.torn_down(settings)
        if force:
            # A record of a cluster that is left behind would bring it back at the next start.
            shutil.rmtree(settings.state)


async def _end_clusters(settings: Settings) -> None:
    runtime = runtimes.made(settings, clock.SystemClock())
    try:
        for folder in _folders(settings.state / "clusters"):
            cluster_id = clusters.ClusterId(folder.name)
            for node in _folders(folder / "nodes"):
                await runtime.machines.remove(cluster_id, nodes.NodeId(node.name))
            await runtime.control_planes.remove(cluster_id)
    finally:
        await runtime.close()


def _folders(parent: Path) -> list[Path]:
    return sorted(each for each in parent.iterdir() if each.is_dir()) if parent.is_dir() else []


def main(given: Sequence[str] = ()) -> int:
    force = "--force" in given
    try:
        settings = read()
        asyncio.run(end(settings, force=force))
    except (NotRight, errors.Refusal) as reason:
        sys.stderr.write(f"steward: {reason}\n")
        return 1
    if force and settings.database:
        sys.stderr.write("steward: the database that STEWARD_DATABASE names still holds the records; drop it\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
