"""Components: which are needed, which are here, and how the others are obtained.

Called by bootstrap, the runtimes and `python -m steward.components`. Three ways, in this order: the operator's
folder, a mirror of official release files, compilation from pinned Go modules. The result is the same: a folder
that never changes, and per Kubernetes version one folder in which every program has its name.
"""

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from steward import settings as configuration
from steward.catalogue import loading
from steward.components import builds, farms, folders, mirrors, recipes, reports, shelves
from steward.domain import errors, versions

LATER = frozenset({"metrics-server"})
"""What a cluster runs without for its first minutes: nothing in it waits for them."""


class Way(Protocol):
    """One way of obtaining a component."""

    @property
    def way(self) -> str: ...

    def key(self, recipe: recipes.Recipe) -> str | None:
        """The digest over all that the result depends on; None where this way cannot make it."""
        ...

    async def ready(self, recipe: recipes.Recipe, listen: reports.Listener, /) -> None:
        """Refuses, before anything is changed, what cannot succeed."""
        ...

    async def fill(self, recipe: recipes.Recipe, target: Path, listen: reports.Listener) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    name: str
    version: str
    present: bool
    way: str  # "folder", "mirror" or "compile"
    expected_seconds: int  # to compile with nothing built before; 0 where nothing is compiled
    recipe: recipes.Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    cache: Path
    modules: Path
    ways: tuple[Way, ...]

    @property
    def shelf(self) -> shelves.Shelf:
        return shelves.Shelf(root=self.cache / "components")

    def plan(self, kube_versions: Sequence[str], *, with_bench: bool = False) -> list[Item]:
        """Everything that clusters of these versions need, in the order of need."""
        return [self._item(each) for each in recipes.recipes(self.modules, kube_versions, with_bench=with_bench)]

    def missing(self, kube_version: str) -> list[Item]:
        """What a cluster of this version still waits for."""
        return [item for item in self.plan([kube_version]) if not item.present]

    def _item(self, recipe: recipes.Recipe) -> Item:
        way, label = self._label(recipe)
        present = self.shelf.holds(label)
        return Item(
            name=recipe.name,
            version=recipe.version,
            present=present,
            way=way.way,
            expected_seconds=recipe.fact.seconds if isinstance(way, builds.Build) and not present else 0,
            recipe=recipe,
        )

    def _label(self, recipe: recipes.Recipe) -> tuple[Way, shelves.Label]:
        for way in self.ways:
            key = way.key(recipe)
            if key is not None:
                return way, shelves.Label(name=recipe.name, version=recipe.version, key=key, recipe=recipe.digest())
        raise errors.Unavailable(f"There is no way to obtain {recipe.name} {recipe.version} here")

    async def obtain(self, item: Item, listen: reports.Listener = reports.unheard) -> Path:
        """The folder of its programs. May be cancelled, and called by several processes at once."""
        recipe = item.recipe
        way, label = self._label(recipe)
        if not self.shelf.holds(label):
            await way.ready(recipe, listen)
            way, label = self._label(recipe)  # a Go that was just installed is part of the key

        async def fill(target: Path) -> Mapping[str, str]:
            return await way.fill(recipe, target, listen)

        def waiting() -> None:
            listen(reports.Report(doing="Waiting for another process that obtains components"))

        try:
            folder = await self.shelf.make(label, fill, waiting=waiting)
        except OSError as error:
            raise errors.Unavailable(_disk_trouble(self.cache, error)) from error
        listen(reports.Report(doing="Ready", fraction=1.0))
        return folder

    async def obtain_all(self, kube_version: str, listen: reports.Listener = reports.unheard) -> farms.Programs:
        """Whatever a cluster of this version still lacks, and then its programs."""
        for item in self.missing(kube_version):
            await self.obtain(item, listen)
        return self.programs(kube_version)

    def programs(self, kube_version: str) -> farms.Programs:
        """Of one Kubernetes version, as far as they are here; one that is not refuses when it is asked for."""
        shelf = self.shelf
        parts = []
        for recipe in recipes.recipes(self.modules, [kube_version], with_bench=True):
            _, label = self._label(recipe)
            if shelf.holds(label):
                parts.append(farms.Part(fact=recipe.fact, version=recipe.version, folder=shelf.folder(label)))
        try:
            return farms.planted(self.cache, kube_version, parts)
        except OSError as error:
            raise errors.Unavailable(_disk_trouble(self.cache, error)) from error

    def lacks(self, kube_versions: Sequence[str]) -> list[str]:
        """What keeps missing components from being obtained, each with how to mend it; changes nothing."""
        found: list[str] = []
        for item in self.plan(kube_versions):
            if item.present:
                continue
            way, _ = self._label(item.recipe)
            if isinstance(way, builds.Build):
                found += builds.lacks(item.recipe, self.cache)
        return list(dict.fromkeys(found))

    def unused(self, kube_versions: Sequence[str]) -> str:
        """What the mirror would have and is compiled all the same, with how to have it used; empty where nothing is."""
        found: list[str] = []
        for item in self.plan(kube_versions):
            for way in self.ways:
                if isinstance(way, mirrors.Mirror) and item.way == builds.Build.way and not item.present:
                    found += way.undigested(item.recipe)
        if not found:
            return ""
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        return (
            f"Of the mirror are not used, and compiled instead, because nobody has given their SHA-256: "
            f"{', '.join(found[:3])}{more}. Add them to the file that STEWARD_DIGESTS names, as `path: digest`; "
            "upstream publishes the digest beside the file."
        )

    async def unreachable(self, kube_versions: Sequence[str]) -> list[str]:
        """What the network does not give of that which must be compiled; the first complaint says enough."""
        for item in self.plan(kube_versions):
            way, _ = self._label(item.recipe)
            complaints = (
                await way.unreachable(item.recipe) if isinstance(way, builds.Build) and not item.present else []
            )
            if complaints:
                return complaints
        return []

    def damage(self, kube_versions: Sequence[str]) -> list[str]:
        """Files of present components that are not as they were made; reads every byte."""
        found = []
        for item in self.plan(kube_versions):
            _, label = self._label(item.recipe)
            if item.present:
                folder = self.shelf.folder(label)
                found += [str(folder / name) for name in shelves.damage(folder, thorough=True)]
        return found


def comes_later(items: Sequence[Item]) -> str:
    """For people: what is not here yet although clusters run, and what they miss of it meanwhile."""
    names = " and ".join(f"{item.name} {item.version}" for item in items)
    minutes = sum(item.expected_seconds for item in items) // 60 + 1
    return f"{names} is obtained while the first cluster runs: `kubectl top` answers about {minutes} minutes later"


def default_version() -> str:
    """What an order without a version gets, in full."""
    fact = loading.kubernetes_versions()
    offered = tuple(versions.Version.parse(each) for each in fact.offered)
    return str(versions.latest_of(offered, fact.default))


def of(settings: configuration.Settings) -> Components:
    cache = settings.cache
    ways: list[Way] = []
    if settings.components is not None:
        ways.append(_folder(settings.components))
    if settings.mirror:
        ways.append(mirrors.Mirror(url=settings.mirror, digests=mirrors.operators_digests(settings.digests)))
    ways.append(builds.Build(logs=cache / "logs", shelf=shelves.Shelf(root=cache / "components")))
    return Components(cache=cache, modules=recipes.modules_folder(), ways=tuple(ways))


def _folder(root: Path) -> folders.Folder:
    if not root.is_dir():
        raise errors.Unavailable(f"{root} (STEWARD_COMPONENTS) is not a folder. Make it, or unset the setting.")
    return folders.Folder(root=root)


def _disk_trouble(cache: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk of {cache} is full. Free some gigabytes, or set STEWARD_CACHE to a folder on another disk."
    return f"Components cannot be kept at {cache}: {error}. Make it writable, or set STEWARD_CACHE to another folder."
