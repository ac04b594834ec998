"""Installs programs for Node, a `main.js` each: npm packages by the digests of a lock, into a cache, once per lock.

npm gets them from wherever this machine is configured to. The second time nothing is asked of anybody.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

_TAKEN = ("package.json", "package-lock.json")


def installed(sources: Path) -> Path:
    """The program of that folder, in one with its packages."""
    folder = _cache() / sources.name / _digest(sources)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _install(sources, folder)
    # A module's packages are looked for beside it.
    program = folder / f"main-{hashlib.sha256((sources / 'main.js').read_bytes()).hexdigest()[:12]}.mjs"
    if not program.exists():
        draft = program.with_suffix(f".{os.getpid()}")
        shutil.copy(sources / "main.js", draft)
        draft.replace(program)
    return program


def _install(sources: Path, folder: Path) -> None:
    npm = shutil.which("npm")
    assert npm is not None, "The tests' programs for Node need node 18 or newer, and npm"
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for name in _TAKEN:
        shutil.copy(sources / name, draft)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=draft,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    draft.replace(folder)


def _cache() -> Path:
    return Path(os.environ.get("STEWARD_CACHE") or Path.home() / ".cache" / "steward") / "node"


def _digest(sources: Path) -> str:
    return hashlib.sha256(b"".join((sources / name).read_bytes() for name in _TAKEN)).hexdigest()[:16]
