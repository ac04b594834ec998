"""Official release files from a mirror that the operator names, each checked against its SHA-256 before use.

Called by supply, as the second of the ways. Components without official files (pause, agnhost) are left to the next.
"""

import asyncio
import hashlib
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx2
import yaml

from steward.catalogue import components as catalogue
from steward.components import recipes, reports
from steward.domain import errors

_CONNECT_SECONDS = 15.0
_SILENT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    url: str
    digests: Mapping[str, str]  # path below the mirror: SHA-256

    way = "mirror"

    def key(self, recipe: recipes.Recipe) -> str | None:
        """None where upstream publishes no file, or nobody gave its digest; whatever the mirror is called."""
        paths = _paths(recipe)
        if not paths or self.undigested(recipe):
            return None
        known = [f"{path}={self.digests[path]}" for path in sorted(set(paths.values()))]
        return hashlib.sha256("\n".join([recipe.name, *known]).encode()).hexdigest()

    async def ready(self, _recipe: recipes.Recipe, _listen: reports.Listener) -> None:
        """Whatever has a key can be tried."""

    def undigested(self, recipe: recipes.Recipe) -> list[str]:
        """Its files that are not used, because nobody has given their SHA-256."""
        return sorted({path for path in _paths(recipe).values() if path not in self.digests})

    async def fill(self, recipe: recipes.Recipe, target: Path, listen: reports.Listener) -> Mapping[str, str]:
        paths = _paths(recipe)
        release = recipe.fact.release
        assert release is not None
        inside = release.inside
        downloads = target / ".downloads"
        downloads.mkdir()
        for number, path in enumerate(sorted(set(paths.values()))):
            programs = [program for program, each in paths.items() if each == path]
            file = downloads / str(number)
            await self._download(path, file, listen)
            members = {_filled(inside, recipe, program): target / program for program in programs}
            await asyncio.to_thread(_place, file, members, archive=bool(inside))
        shutil.rmtree(downloads)
        return {"way": self.way, **{path: self.digests[path] for path in set(paths.values())}}

    async def _download(self, path: str, file: Path, listen: reports.Listener) -> None:
        url = f"{self.url.rstrip('/')}/{path}"
        timeout = httpx2.Timeout(_SILENT_SECONDS, connect=_CONNECT_SECONDS)
        try:
            async with (
                httpx2.AsyncClient(timeout=timeout, follow_redirects=True) as client,
                client.stream("GET", url) as answer,
            ):
                answer.raise_for_status()
                actual = await _received(answer, file, listen)
        except httpx2.HTTPError as error:
            raise errors.Unavailable(
                f"{url} could not be fetched: {error or type(error).__name__}. Check STEWARD_MIRROR and the network."
            ) from error
        if actual != self.digests[path].lower():
            raise errors.Unavailable(
                f"{url} is not the file that was meant: its SHA-256 is {actual}, expected was {self.digests[path]}. "
                "Nothing of it was used. Compare the digest with upstream's before you trust this mirror again."
            )


async def _received(answer: httpx2.Response, file: Path, listen: reports.Listener) -> str:
    size = int(answer.headers.get("content-length", 0))
    digest = hashlib.sha256()
    received = 0
    with file.open("wb") as stream:
        async for chunk in answer.aiter_bytes(1 << 20):
            stream.write(chunk)
            digest.update(chunk)
            received += len(chunk)
            listen(reports.Report(doing="Downloading", fraction=min(1.0, received / size) if size else None))
    return digest.hexdigest()


def _paths(recipe: recipes.Recipe) -> dict[str, str]:
    """Which file of the mirror each program comes from."""
    release = recipe.fact.release
    if release is None:
        return {}
    return {program: _filled(release.path, recipe, program) for program in recipe.fact.programs}


def _filled(template: str, recipe: recipes.Recipe, program: str) -> str:
    return template.format(version=recipe.version, arch=recipes.architecture(), program=program)


def _place(file: Path, members: Mapping[str, Path], *, archive: bool) -> None:
    if archive:
        _unpack(file, members)
    else:
        (program,) = members.values()
        file.rename(program)
    for program in members.values():
        program.chmod(0o755)


def _unpack(file: Path, members: Mapping[str, Path]) -> None:
    """Only the members that are asked for, only as plain files: what else an archive holds has no effect."""
    left = dict(members)
    with tarfile.open(file) as archive:
        for member in archive:
            target = left.pop(str(PurePosixPath(member.name)), None)
            content = archive.extractfile(member) if target is not None and member.isfile() else None
            if target is not None and content is not None:
                with target.open("wb") as stream:
                    shutil.copyfileobj(content, stream)
    lacking = [name for name, target in members.items() if not target.is_file()]
    if lacking:
        raise errors.Unavailable(f"The release archive has no {', '.join(lacking)}; its layout is another than known")


def operators_digests(file: Path | None) -> dict[str, str]:
    """The catalogue's, and over them the operator's own."""
    known = dict(catalogue.digests())
    if file is not None:
        try:
            document = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
            known.update({str(path): str(digest) for path, digest in document.items()})
        except (OSError, yaml.YAMLError, AttributeError) as error:
            raise errors.Unavailable(f"{file} (STEWARD_DIGESTS) is not a YAML map of path: SHA-256: {error}") from error
    return known
