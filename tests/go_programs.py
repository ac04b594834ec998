"""Builds the Go programs of tests/go, for tests that ask or verify steward with somebody else's code.

Go comes as it does for the components: the machine's own, or one from PyPI in this environment. The modules are pinned
by tests/go/*/go.sum; the first build on a machine fetches them.
"""

import asyncio
import os
import subprocess
from pathlib import Path

from steward.components import toolchains

SOURCES = Path(__file__).parent / "go"
NEEDED = (1, 26)


def built(name: str, folder: Path) -> Path:
    toolchain = toolchains.find(NEEDED) or asyncio.run(toolchains.install(NEEDED))
    program = folder / name
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    command = [toolchain.program, "build", "-o", program, "."]
    done = subprocess.run(
        command, cwd=SOURCES / name, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return program
