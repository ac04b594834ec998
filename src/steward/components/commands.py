"""Running a long command that may be cancelled, line by line, with everything it says kept in a file.

Called by builds. The command gets a process group of its own, so that its end is the end of all it started.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


async def lines(command: Command, log: IO[str], on_line: Callable[[str], None]) -> int:
    """Its exit status. Both of its streams go to `log` and, line by line, to `on_line`."""
    process = await asyncio.create_subprocess_exec(
        # It ends with us even if we are killed: its result would have no place to go to. Its priority is low,
        # because on a host with running clusters it is the guest.
        "setpriv", "--pdeathsig", "KILL", "nice", "-n", "15", *command.arguments,
        cwd=command.folder,
        env=dict(command.environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=1 << 20,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode(errors="replace")
            log.write(text)
            on_line(text.rstrip())
        return await process.wait()
    finally:
        if process.returncode is None:
            _end(process.pid)
            await process.wait()


def _end(group: int) -> None:
    # Compilers keep no state worth a polite end; what they leave lies in the folder that is thrown away.
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
