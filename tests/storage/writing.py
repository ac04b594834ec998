"""A process that writes until it is killed: `python -m tests.storage.writing <url> <key file>`.

It prints the number of each change after its commit, and changes two tables in each: half a change would show.
"""

import asyncio
import sys
from pathlib import Path

from steward.outside import sealing
from steward.storage import records
from tests.storage import samples


async def main(url: str, key: Path) -> None:
    opened = await records.open(url, sealing.FileKeySealing(key))
    number = 0
    while True:
        async with opened.begin() as work:
            await work.events.add(samples.event("crash", message=str(number), at=samples.later(number)))
            await asyncio.sleep(0)
            await work.secrets.put("crash", str(number), b"x" * 3000)
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
