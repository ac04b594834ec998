"""Takes from the machine what the service itself put there: registry, rules, addresses.

For a machine that no longer serves; refused while a service holds the state folder or clusters are left.
Run as `python -m steward.bootstrap.ending`.
"""

import asyncio
import sys

from steward.bootstrap import runtimes, state
from steward.domain import errors
from steward.settings import Settings


async def end(settings: Settings) -> None:
    with state.hold(settings.state):
        left = settings.state / "clusters"
        if left.is_dir() and any(left.iterdir()):
            raise errors.Unavailable(f"Clusters are left in {left}; delete them through the API first")
        await runtimes.torn_down(settings)


def main() -> int:
    try:
        asyncio.run(end(Settings()))
    except errors.Refusal as reason:
        sys.stderr.write(f"steward: {reason.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
