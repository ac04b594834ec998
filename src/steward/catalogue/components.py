"""What clusters are made of, as data: reads components.yaml into frozen values, once.

Called by `steward.components`. Versions are not here: they are derived from the go.mod that pins them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFact:
    """Official files: one per program where the path names it, else an archive with all of them."""

    path: str
    inside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentFact:
    name: str
    folder: str
    programs: Mapping[str, str]  # file name: Go package
    seconds: int
    megabytes: int
    module: str = ""
    per_version: bool = False
    multicall: str = ""
    place: str = ""
    tags: tuple[str, ...] = ()
    cgo: bool = False
    libraries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    bench: bool = False
    release: ReleaseFact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTags:
    pause: str
    agnhost: str


@cache
def _document() -> Any:
    return yaml.safe_load(resources.files(__package__).joinpath("components.yaml").read_text(encoding="utf-8"))


def _component(entry: dict[str, Any]) -> ComponentFact:
    release = entry.get("release")
    libraries = entry.get("libraries", {})
    values: dict[str, Any] = {
        **entry,
        "tags": tuple(entry.get("tags", ())),
        "variables": tuple(entry.get("variables", ())),
        "libraries": {name: tuple(packages) for name, packages in libraries.items()},
        "release": ReleaseFact(**release) if release else None,
    }
    return ComponentFact(**values)


@cache
def components() -> tuple[ComponentFact, ...]:
    """In the order of need."""
    return tuple(_component(entry) for entry in _document()["components"])


@cache
def digests() -> Mapping[str, str]:
    return dict(_document()["digests"])


@cache
def image_tags() -> Mapping[str, ImageTags]:
    """By Kubernetes version."""
    return {version: ImageTags(**tags) for version, tags in _document()["image_tags"].items()}
