"""A real PostgreSQL of the tests' own: made in a temporary folder, reached over a unix socket there.

`tests/storage` and `tests/system` use it. PostgreSQL refuses to run as root, so root starts it as another user.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

_STARTING_SECONDS = 60


@dataclass
class Server:
    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        """As `STEWARD_DATABASE` has it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def make_database(self) -> str:
        """The URL of a new, empty one."""
        name = f"t{uuid.uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> None:
        asyncio.run(self._execute(statement, database))

    def kill(self) -> None:
        """As a power cut would: no shutdown, no checkpoint."""
        self.process.kill()
        self.process.wait()
        # Its children notice by themselves, and hold the shared memory until they did.
        time.sleep(0.5)

    def start(self) -> None:
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        self.process = _started(self.folder)

    async def _execute(self, statement: str, database: str) -> None:
        connection = await asyncpg.connect(user="postgres", database=database, host=str(self.folder))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def running() -> Iterator[Server]:
    """Ended by its own process id, its folder removed."""
    folder = Path(tempfile.mkdtemp(prefix="steward-pg-"))
    try:
        user = _user()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        command: list[str | Path] = [*_as(user), _binary("initdb"), "-D", folder / "data", "-U", "postgres"]
        command += ["-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
        server = Server(folder, _started(folder))
        try:
            yield server
        finally:
            server.process.send_signal(signal.SIGQUIT)  # at once: nobody needs a checkpoint of what is thrown away
            server.process.wait(30)
    finally:
        shutil.rmtree(folder)


def _started(folder: Path) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [*_as(_user()), _binary("postgres"), "-D", folder / "data", "-k", folder]
    command += ["-c", "listen_addresses=", "-c", "fsync=on", "-c", "shared_buffers=16MB", "-c", "max_connections=50"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    end = time.monotonic() + _STARTING_SECONDS
    while not _ready(folder):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            process.wait()
            raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.02)
    return process


def _ready(folder: Path) -> bool:
    try:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _user() -> pwd.struct_passwd | None:
    """Who runs it; None for the tests' own user."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name: each for each in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _as(user: pwd.struct_passwd | None) -> list[str | Path]:
    if user is None:
        return []
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _binary(name: str) -> Path:
    """Debian keeps them out of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(debian[-1]) if debian else shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is missing: apt-get install postgresql")
    return Path(found)
