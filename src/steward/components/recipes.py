"""What exactly a component is made from: its pins, flags and sources, and the digest over all of them.

Called by the ways of obtaining it. Knows nothing of where results lie, nor of who compiles.
"""

import hashlib
import platform
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from steward.catalogue import components as catalogue
from steward.domain import errors

OWN = "own"  # the version of programs that have no upstream
LINK_FLAGS = "-s -w"
# Debugging information would be made only to be left out by the linker; and a thousand packages keep all cores busy, of
# which each is compiled with less work in one thread than in several. Together a sixth of the time.
COMPILER_FLAGS = "-gcflags=all=-dwarf=false -c=1"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def modules_folder() -> Path:
    """The folder kube/: inside an installed package, or at the root of a checkout."""
    package = Path(__file__).parents[1]
    candidates = (package / "kube", package.parents[1] / "kube")
    for candidate in candidates:
        if (candidate / "kubernetes" / "go.mod").is_file():
            return candidate
    raise errors.Unavailable(
        f"The Go modules that pin the components are neither at {candidates[0]} nor at {candidates[1]}. "
        "Install steward from a checkout, or give a folder of binaries by STEWARD_COMPONENTS."
    )


def architecture() -> str:
    """As Go and the release files name it."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One component in one version."""

    fact: catalogue.ComponentFact
    version: str
    modules: Path  # the folder kube/

    @property
    def name(self) -> str:
        return self.fact.name

    @property
    def folder(self) -> Path:
        return self.modules / self.fact.folder

    @property
    def go_mod(self) -> Path:
        if self.fact.per_version:
            return self.folder / "versions" / f"v{self.version}.mod"
        return self.folder / "go.mod"

    @property
    def needed_go(self) -> tuple[int, ...]:
        """The oldest Go that its modules accept."""
        found = re.search(r"^go (\S+)$", self.go_mod.read_text(encoding="utf-8"), re.MULTILINE)
        return parsed_go(found.group(1)) if found else (1, 21)

    @property
    def files(self) -> dict[str, str]:
        """What a compilation makes: file name to Go package."""
        if self.fact.multicall:
            return {self.fact.multicall: next(iter(self.fact.programs.values()))}
        return dict(self.fact.programs)

    def flags(self) -> list[str]:
        """Of `go build` and `go list`, without those that only linking needs."""
        flags = ["-buildvcs=false", "-trimpath", COMPILER_FLAGS]
        if self.fact.per_version:
            flags.append(f"-modfile=versions/v{self.version}.mod")
        if self.fact.tags:
            flags += ["-tags", ",".join(self.fact.tags)]
        return flags

    def link_flags(self) -> str:
        return " ".join([LINK_FLAGS, *(f"-X {each}" for each in self.variables())])

    def variables(self) -> list[str]:
        major, minor, *_ = [*self.version.split("."), "", ""]
        return [each.format(version=self.version, major=major, minor=minor) for each in self.fact.variables]

    def digest(self) -> str:
        """SHA-256 over pins, sources of ours and flags: equal digests and an equal Go give the same programs."""
        digest = hashlib.sha256()
        for part in self._ingredients():
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.hexdigest()

    def _ingredients(self) -> Iterator[bytes]:
        yield "\n".join([self.name, self.version, *self.flags(), self.link_flags(), str(self.fact.cgo)]).encode()
        yield "\n".join(f"{file}={package}" for file, package in sorted(self.files.items())).encode()
        for path in self._pins_and_sources():
            yield path.name.encode()
            yield path.read_bytes()

    def _pins_and_sources(self) -> list[Path]:
        go_sum = self.go_mod.with_suffix(".sum")
        pins = [self.go_mod, *([go_sum] if go_sum.is_file() else [])]
        own = "." in self.files.values()
        return [*pins, *([*_sources(self.folder), *self._shared()] if own else [])]

    def _shared(self) -> Iterator[Path]:
        """Sources of the modules of ours beside it that its go.mod names."""
        for found in re.findall(r"=> (\.\./\S+)$", self.go_mod.read_text(encoding="utf-8"), re.MULTILINE):
            yield from _sources(self.folder / found)

    def key(self, *with_what: str) -> str:
        return hashlib.sha256("\n".join([self.digest(), *with_what]).encode()).hexdigest()


def _sources(folder: Path) -> list[Path]:
    return sorted(each for each in folder.glob("*.go") if not each.name.endswith("_test.go"))


def parsed_go(version: str) -> tuple[int, ...]:
    """`go1.26.8` and `1.26` as comparable numbers; a release candidate counts as its release."""
    return tuple(int(number) for number in re.findall(r"\d+", re.split("rc|beta", version)[0]))


def required_version(go_mod: str, module: str) -> str | None:
    """The version, without `v`, that a go.mod requires of a module."""
    found = re.search(rf"^\s*(?:require\s+)?{re.escape(module)} v(\S+)", go_mod, re.MULTILINE)
    return found.group(1).removesuffix("+incompatible") if found else None


def pinned_version(fact: catalogue.ComponentFact, modules: Path) -> str:
    """Of a component that all Kubernetes versions share."""
    if not fact.module:
        return OWN
    go_mod = modules / fact.folder / "go.mod"
    version = required_version(go_mod.read_text(encoding="utf-8"), fact.module)
    if version is None:
        raise errors.Unavailable(f"{go_mod} does not pin {fact.module}; the release of steward is broken")
    return version


def recipes(modules: Path, kube_versions: Sequence[str], *, with_bench: bool) -> list[Recipe]:
    """In the order of need: everything for the first version before a second one."""
    first, *others = kube_versions or [""]
    found = []
    for fact in catalogue.components():
        if fact.bench and not with_bench:
            continue
        if fact.per_version and not first:
            continue
        version = first if fact.per_version else pinned_version(fact, modules)
        found.append(_recipe(fact, version, modules))
    for version in others:
        found += [_recipe(fact, version, modules) for fact in catalogue.components() if fact.per_version]
    return found


def _recipe(fact: catalogue.ComponentFact, version: str, modules: Path) -> Recipe:
    recipe = Recipe(fact=fact, version=version, modules=modules)
    if not recipe.go_mod.is_file():
        raise errors.Unavailable(
            f"{fact.name} {version} cannot be had here: {recipe.go_mod} is missing. "
            "See kube/README.md on adding a version."
        )
    return recipe
