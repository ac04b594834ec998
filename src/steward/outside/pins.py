"""The components that the service and its clusters are made of, with the versions that are pinned.

Go modules from `kube/*/go.mod` and the files of each Kubernetes version; Python packages as they are installed here.
"""

import re
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from steward.ports.advisories import Component

_REQUIRE = re.compile(r"^(?:require\s+)?\s*([\w.~/-]+\.[\w.~/-]+)\s+(v[^\s]+)")
_GO = re.compile(r"^(?:go|toolchain go)\s*([0-9.]+)")


def pinned(modules: Path) -> list[Component]:
    """Each once, sorted."""
    found = {*_go(modules), *_python()}
    return sorted(found, key=lambda each: (each.ecosystem, each.name, each.version))


def _go(modules: Path) -> Iterator[Component]:
    for path in sorted(modules.rglob("*.mod")):
        yield from of_module(path.read_text(encoding="utf-8").splitlines())


def of_module(lines: Iterable[str]) -> Iterator[Component]:
    """What one go.mod requires, the language's own library included; what it replaces is left as it is named."""
    for line in lines:
        if language := _GO.match(line):
            yield Component(ecosystem="Go", name="stdlib", version=language.group(1))
        elif "=>" not in line and (required := _REQUIRE.match(line)):
            yield Component(ecosystem="Go", name=required.group(1), version=required.group(2).removeprefix("v"))


def _python() -> Iterator[Component]:
    for each in metadata.distributions():
        name = each.metadata["Name"]
        if name:
            yield Component(ecosystem="PyPI", name=re.sub(r"[-_.]+", "-", name).lower(), version=each.version)
