"""A folder of finished results, each under a name that its content's digest gives.

Called for components and for images. A result appears whole or not at all; whatever a killed process
left behind is removed by the next one that makes something. Knows nothing of how results are made.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

MANIFEST = "manifest.json"
_MAKING = ".making-"
_KEY_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a result is; `key` is the digest over all that it was made from."""

    name: str
    version: str
    key: str
    recipe: str = ""  # the part of the key that no machine changes


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    name: str
    version: str
    key: str
    recipe: str
    obtained: Mapping[str, str]
    files: Mapping[str, File]


Fill = Callable[[Path], Awaitable[Mapping[str, str]]]
"""Puts the result into an empty folder and says how it was obtained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    root: Path
    poll: float = 0.2  # seconds between two looks at a lock that another process holds

    def folder(self, label: Label) -> Path:
        return self.root / f"{label.name}-{label.version}-{label.key[:_KEY_LENGTH]}"

    def holds(self, label: Label) -> bool:
        manifest = read(self.folder(label))
        return manifest is not None and manifest.key == label.key and not damage(self.folder(label))

    def alike(self, *, name: str, version: str, recipe: str) -> str | None:
        """The key of a result of this recipe, whatever compiler made it."""
        for folder in sorted(self.root.glob(f"{name}-{version}-*")):
            manifest = read(folder)
            if manifest is not None and manifest.recipe == recipe and not damage(folder):
                return manifest.key
        return None

    async def make(self, label: Label, fill: Fill, *, waiting: Callable[[], None] = lambda: None) -> Path:
        """Its folder; filled by this process, or by another one that was faster."""
        if self.holds(label):
            return self.folder(label)  # whoever holds the lock may compile for minutes
        self.root.mkdir(parents=True, exist_ok=True)
        async with self._locked(waiting):
            if not self.holds(label):
                await self._fill(label, fill)
        return self.folder(label)

    async def _fill(self, label: Label, fill: Fill) -> None:
        self._sweep()
        making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=self.root))
        try:
            making.chmod(0o755)
            obtained = await fill(making)
            await asyncio.to_thread(_seal, making, label, obtained)
            self._put(making, self.folder(label))
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise

    def _put(self, making: Path, folder: Path) -> None:
        if folder.exists():  # damaged, or `make` would not have come here
            folder.rename(Path(tempfile.mkdtemp(prefix=_MAKING, dir=self.root)) / folder.name)
        making.rename(folder)
        _sync(self.root)
        self._sweep()

    def _sweep(self) -> None:
        # Only the holder of the lock makes anything, so what is half-made here has no maker any more.
        for left in self.root.glob(f"{_MAKING}*"):
            shutil.rmtree(left, ignore_errors=True)

    @asynccontextmanager
    async def _locked(self, waiting: Callable[[], None]) -> AsyncIterator[None]:
        # One lock for the whole shelf: two compilations at once take longer than one after the other,
        # and the compilers are given most of the memory.
        with (self.root / ".lock").open("w") as lock:
            while not _taken(lock.fileno()):
                waiting()
                await asyncio.sleep(self.poll)
            yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read(folder: Path) -> Manifest | None:
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {name: File(**each) for name, each in document.pop("files").items()}
        return Manifest(**document, files=files)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def damage(folder: Path, *, thorough: bool = False) -> list[str]:
    """Files that are not as they were made; `thorough` reads every byte, else only sizes are compared."""
    manifest = read(folder)
    if manifest is None:
        return [MANIFEST]
    return [name for name, file in manifest.files.items() if not _intact(folder / name, file, thorough=thorough)]


def _intact(path: Path, file: File, *, thorough: bool) -> bool:
    try:
        if path.stat().st_size != file.size:
            return False
        return not thorough or sha256(path) == file.sha256
    except OSError:
        return False


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _seal(folder: Path, label: Label, obtained: Mapping[str, str]) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {}
    for path in paths:
        _sync(path)
        files[str(path.relative_to(folder))] = File(size=path.stat().st_size, sha256=sha256(path))
        _let_go(path)
    manifest = Manifest(
        name=label.name, version=label.version, key=label.key, recipe=label.recipe, obtained=obtained, files=files
    )
    target = folder / MANIFEST
    target.write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
    for path in (target, *(path for path in folder.rglob("*") if path.is_dir()), folder):
        _sync(path)


def _let_go(path: Path) -> None:
    """What was written at a stretch is cached in large pieces, each of which a program would map as a whole; read again
    on demand it maps what it uses."""
    with path.open("rb") as stream:
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
