"""Facts as data: reads the YAML files beside it into frozen values, once.

Called by bootstrap, operations and the edge. A broken file is a bug of the release, so errors are left as they are.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorFact:
    name: str
    category: str
    vcpus: int
    ram: int  # GiB
    disk: int  # GiB


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionFact:
    name: str
    type: str
    continent: str
    country: str
    location: str
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsFact:
    default: str  # a minor version
    offered: tuple[str, ...]  # full versions


def _document(name: str) -> Any:
    return yaml.safe_load(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def kubernetes_versions() -> VersionsFact:
    document = _document("kubernetes.yaml")
    return VersionsFact(
        default=document["default"],
        offered=tuple(str(each["version"]) for each in document["versions"]),
    )


@cache
def flavors() -> tuple[FlavorFact, ...]:
    return tuple(FlavorFact(**each) for each in _document("flavors.yaml")["flavors"])


@cache
def regions() -> tuple[RegionFact, ...]:
    return tuple(RegionFact(**{**each, "zones": tuple(each["zones"])}) for each in _document("regions.yaml")["regions"])


@cache
def responsibility() -> dict[str, Any]:
    """The matrix as it stands in the contract; `responsibility.matrix` gives it its meaning."""
    document: dict[str, Any] = _document("responsibility.yaml")
    return document
