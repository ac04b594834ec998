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
    program = folder / name
    done = _go(SOURCES / name, "build", "-o", str(program), ".")
    assert done.returncode == 0, done.stderr
    return program


def complaints(folder: Path) -> str:
    """What is wrong with a module of ours by its own tests; nothing, if all is well."""
    done = _go(folder, "test", "-count=1", ".")
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _go(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    toolchain = toolchains.find(NEEDED) or asyncio.run(toolchains.install(NEEDED))
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    return subprocess.run(
        [toolchain.program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
