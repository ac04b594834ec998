"""Looks the pinned components up in a vulnerability database in OSV format: a folder, or a mirror by its URL.

The layout is that of OSV's own export: `Go/all.zip` and `PyPI/all.zip`, or the same as folders of JSON files. A
database that is missing, broken, or out of reach is a reason, never a clean bill.
"""

import asyncio
import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from packaging import version as packaging_version
from steward.kit import times
from steward.outside import pins
from steward.ports.advisories import Advisory, Component, Scan

ECOSYSTEMS = ("Go", "PyPI")
SECONDS = 120.0
LARGEST = 512 * 2**20  # bytes of one archive, and of one file inside it
LONGEST_SUMMARY = 300
# What a document raises that is no JSON, or not of OSV's shape.
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile)

Document = Mapping[str, Any]


class OsvAdvisories:
    """`source` is a folder or an http(s) URL; `modules` the folder of the Go modules that pin the components."""

    def __init__(
        self, source: str, modules: Callable[[], Path], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._source = source
        self._now = now
        self._modules = modules

    async def scan(self) -> Scan:
        try:
            archives = await self._fetched() if "://" in self._source else {}
            return await asyncio.to_thread(self._scan, archives)
        except (OSError, *_BROKEN, httpx2.HTTPError) as reason:
            told = f"The vulnerability database could not be read: {reason or type(reason).__name__}"
            return Scan(components=0, newest=None, reason=told)

    def _scan(self, archives: Mapping[str, bytes]) -> Scan:
        components = pins.pinned(self._modules())
        by_name = defaultdict(list)
        for each in components:
            by_name[each.ecosystem, each.name].append(each)
        now = self._now()
        newest: list[datetime] = []
        found: list[Advisory] = []
        for ecosystem in ECOSYSTEMS:
            latest: datetime | None = None
            for document in self._documents(ecosystem, archives):
                modified = times.parsed(document["modified"])
                if modified <= now:  # one that is dated ahead must not make all others look fresh
                    latest = modified if latest is None else max(latest, modified)
                found += matches(document, by_name)
            if latest is None:
                raise ValueError(f"it holds nothing about {ecosystem}")
            newest.append(latest)
        # The whole is as old as its oldest part: one that is no longer brought along must not look fresh.
        return Scan(components=len(components), newest=min(newest), found=sorted(found, key=lambda each: each.id))

    def _documents(self, ecosystem: str, archives: Mapping[str, bytes]) -> Iterator[Document]:
        if ecosystem in archives:
            yield from _zipped(io.BytesIO(archives[ecosystem]))
            return
        folder = Path(self._source) / ecosystem
        archive = folder / "all.zip"
        if archive.is_file():
            with archive.open("rb") as file:
                yield from _zipped(file)
            return
        for path in sorted(folder.glob("*.json")):
            yield json.loads(path.read_bytes())

    async def _fetched(self) -> dict[str, bytes]:
        found = {}
        async with httpx2.AsyncClient(timeout=SECONDS, follow_redirects=False) as client:
            for ecosystem in ECOSYSTEMS:
                response = await client.get(f"{self._source.rstrip('/')}/{ecosystem}/all.zip")
                response.raise_for_status()
                if len(response.content) > LARGEST:
                    raise ValueError(f"the archive of {ecosystem} is larger than {LARGEST} bytes")
                found[ecosystem] = response.content
        return found


def _zipped(file: Any) -> Iterator[Document]:
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith(".json"):
                if entry.file_size > LARGEST:
                    raise ValueError(f"{entry.filename} is larger than {LARGEST} bytes")
                yield json.loads(archive.read(entry))


def matches(document: Document, by_name: Mapping[tuple[str, str], Sequence[Component]]) -> Iterator[Advisory]:
    """One for each pinned component that the entry is about; withdrawn entries are about none."""
    if document.get("withdrawn"):
        return
    for affected in document.get("affected", ()):
        package = affected.get("package", {})
        for component in by_name.get((package.get("ecosystem", ""), package.get("name", "")), ()):
            if is_affected(affected, component):
                yield Advisory(
                    id=document["id"],
                    aliases=tuple(document.get("aliases", ())),
                    summary=str(document.get("summary") or document.get("details", ""))[:LONGEST_SUMMARY],
                    component=component,
                    fixed=_fixed(affected),
                    published=times.parsed(document.get("published", document["modified"])),
                )


def is_affected(affected: Document, component: Component) -> bool:
    if component.version in affected.get("versions", ()):
        return True
    order = _semantic if component.ecosystem == "Go" else _of_python
    ranges = [each for each in affected.get("ranges", ()) if each.get("type") in ("SEMVER", "ECOSYSTEM")]
    return any(_within(each.get("events", ()), component.version, order) for each in ranges)


def _within(events: Iterable[Mapping[str, str]], version: str, order: Callable[[str], Any]) -> bool:
    """As OSV defines it: the events in order of their versions, the last one that is not later decides."""
    here = order(version)
    state = False
    for kind, at in sorted(
        ((kind, at) for event in events for kind, at in event.items()),
        key=lambda pair: (pair[1] != "0", order(pair[1])),
    ):
        if kind == "introduced" and (at == "0" or here >= order(at)):
            state = True
        elif (kind == "fixed" and here >= order(at)) or (kind == "last_affected" and here > order(at)):
            state = False
    return state


def _fixed(affected: Document) -> str:
    events = [event for each in affected.get("ranges", ()) for event in each.get("events", ())]
    return next((event["fixed"] for event in reversed(events) if "fixed" in event), "")


def _semantic(text: str) -> tuple[Any, ...]:
    """Sorts as semantic versions do: a pre-release before its release, what follows `+` does not count."""
    core, _, pre = text.removeprefix("v").partition("+")[0].partition("-")
    numbers = [int(each) for each in re.findall(r"\d+", core)][:4]
    parts = tuple((0, int(each), "") if each.isdigit() else (1, 0, each) for each in pre.split(".") if each)
    return (*numbers, *[0] * (4 - len(numbers)), not parts, parts)


def _of_python(text: str) -> packaging_version.Version:
    try:
        return packaging_version.Version(text)
    except packaging_version.InvalidVersion:
        # Sorts before all others: an entry that cannot be read is rather found than missed.
        return packaging_version.Version("0.dev0")
