"""OVHcloud's contract as data: its operations, models and enumerations, from the two YAML files beside this one.

The published description takes the names of parameters and what operations say of themselves from here; tests compare
everything else of it, and every answer, with what stands here; docs/compatibility.md is written from both.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

PROJECT = "/cloud/project/{serviceName}"
OWN = "own"  # instead of an enumeration's values: they are this service's

_ACTIONS = "publicCloudProject:apiovh:"
_PARAMETER = re.compile(r"{\w+(:path)?}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """`name` is a scalar's, a model's or an enumeration's."""

    name: str
    many: bool = False
    mapped: bool = False  # a map from text to it
    nullable: bool = False
    required: bool = False  # in a request

    @staticmethod
    def parsed(text: str) -> "Type":
        bare = text.rstrip("?!")
        return Type(
            name=bare.removesuffix("[]").removesuffix("{}"),
            many=bare.endswith("[]"),
            mapped=bare.endswith("{}"),
            nullable="?" in text,
            required="!" in text,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    group: str
    method: str
    path: str
    answer: Type | None  # None is void
    says: str
    body: str = ""
    ours: str = ""  # what we answer where a client of OVHcloud's would not survive the specified answer
    expand: str = ""
    iam: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    deprecated: bool = False
    open: bool = False  # without credentials

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def action(self) -> str:
        """By its whole name; empty where OVHcloud names none."""
        return f"{_ACTIONS}{self.iam}" if self.iam else ""

    @property
    def answered(self) -> Type | None:
        """What clients get from us."""
        return Type.parsed(self.ours) if self.ours else self.answer


Model = Mapping[str, Type]


def _document(name: str) -> Any:
    return yaml.safe_load(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(
        _operation(group, each)
        for group, members in _document("ovh_operations.yaml")["groups"].items()
        for each in members
    )


def shape(path: str) -> str:
    """Without the names of its parameters, which are others in our routes."""
    return _PARAMETER.sub("{}", path)


def action(method: str, path: str) -> str:
    """What allows a call; empty where OVHcloud names no action, or does not have the call."""
    return _actions().get((method, shape(path)), "")


@cache
def _actions() -> Mapping[tuple[str, str], str]:
    return {(each.method, shape(each.path)): each.action for each in operations() if each.action}


def _operation(group: str, given: dict[str, Any]) -> Operation:
    method, _, path = given.pop("call").partition(" ")
    answer = given.pop("answer")
    return Operation(
        group=group,
        method=method,
        path=path.replace("…", PROJECT),
        answer=None if answer == "void" else Type.parsed(answer),
        headers=tuple(given.pop("headers", ())),
        **given,
    )


@cache
def enums() -> Mapping[str, frozenset[str]]:
    """Without those whose values are this service's own."""
    found = _document("ovh_models.yaml")["enums"]
    return {name: frozenset(values) for name, values in found.items() if values != OWN}


@cache
def own_words() -> frozenset[str]:
    found = _document("ovh_models.yaml")["enums"]
    return frozenset(name for name, values in found.items() if values == OWN)


@cache
def models() -> Mapping[str, Model]:
    return dict(_models("answers", "both", "requests"))


@cache
def requests() -> frozenset[str]:
    """Names of models that are sent only."""
    return frozenset(name for name, _ in _models("requests"))


def _models(*kinds: str) -> Iterator[tuple[str, Model]]:
    document = _document("ovh_models.yaml")
    for kind in kinds:
        for name, fields in document[kind].items():
            yield name, {each: Type.parsed(text) for each, text in fields.items()}


@cache
def gaps() -> Mapping[str, str]:
    """Operations that are not served, by method and path, to the reason."""
    found = _document("ovh_gaps.yaml")
    return {name.replace("…", PROJECT): why for name, why in found["operations"].items()}
