"""Facts as data: reads the YAML files beside it into frozen values, once.

Called by bootstrap, operations and the edge. A broken file is a bug of the release, so errors are left as they are.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionFact:
    name: str
    types: tuple[str, ...] = ()
    acted: str = ""
    activities: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    except_: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    before: float = 0.0  # seconds
    activity: str
    party: str
    grounds: str


def _document(name: str) -> Any:
    return yaml.safe_load(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def audit_policy() -> str:
    """As the API servers read it."""
    return resources.files(__package__).joinpath("audit_policy.yaml").read_text(encoding="utf-8")


@cache
def audit_rules() -> dict[str, Any]:
    """What the audit log is read by; `responsibility.audit_rules` gives it its meaning."""
    document: dict[str, Any] = _document("audit_rules.yaml")
    return document


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
def quotas() -> dict[str, int]:
    """What a project may have before it asks for more."""
    return dict(_document("quotas.yaml")["quotas"])


@cache
def attribution() -> tuple[AttributionFact, ...]:
    """The rules by which an outage is put to an account, in their order."""
    return tuple(_attribution(each) for each in _document("attribution.yaml")["rules"])


def _attribution(rule: dict[str, Any]) -> AttributionFact:
    lists = {name: tuple(value) for name, value in rule.items() if isinstance(value, list)}
    return AttributionFact(
        **{"except_" if name == "except" else name: value for name, value in {**rule, **lists}.items()}
    )


@cache
def responsibility() -> dict[str, Any]:
    """The matrix as it stands in the contract; `responsibility.matrix` gives it its meaning."""
    document: dict[str, Any] = _document("responsibility.yaml")
    return document


def editions(folder: Path) -> dict[str, Any]:
    """The operator's own editions of the matrix, by file name. OSError or yaml.YAMLError where one cannot be read."""
    return {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))}
