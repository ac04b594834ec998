"""Runs the system's own programs (`ip`, `nft`, `nsenter`), never through a shell.

Called by the modules of this runtime. A program that fails raises `Failed` with what it said.
"""

import asyncio
from collections.abc import Sequence


class Failed(Exception):
    """A program ended with an error; the text is the command and the last of what it wrote."""


async def run(*command: str, stdin: str = "", accept: Sequence[int] = (0,)) -> str:
    """Its standard output. `accept` are the exit codes that are no failure."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate(stdin.encode() if stdin else None)
    if process.returncode not in accept:
        said = complaint.decode(errors="replace").strip()[-500:]
        raise Failed(f"`{' '.join(command[:6])}` ended with {process.returncode}: {said}")
    return output.decode(errors="replace")
