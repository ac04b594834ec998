"""Pages that show an OpenAPI document to people: every operation with what it takes and answers, every model.

No script, nothing from elsewhere: the sheet is the only thing that the page loads. `routes` serves them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import jinja2
import markupsafe

Document = Mapping[str, Any]

POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    name: str
    type: markupsafe.Markup
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    anchor: str
    method: str
    path: str
    summary: str
    action: str
    deprecated: bool
    fields: Sequence[Field]
    body: markupsafe.Markup | None
    answer: markupsafe.Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    name: str
    fields: Sequence[Field]
    words: Sequence[str]


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(_file("page.html"))


@cache
def style() -> str:
    return _file("style.css")


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def page(document: Document, *, here: str, parts: Sequence[tuple[str, str]]) -> str:
    """`here` is the address of this part among `parts`, which are addresses with their names."""
    groups: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups.setdefault(_group(path, operation), []).append(_operation(method, path, operation))
    return _template().render(
        title=document["info"]["title"],
        version=document["info"]["version"],
        servers=[each["url"] for each in document["servers"]],
        here=here,
        parts=parts,
        groups=groups,
        models=list(_models(document)),
    )


def _group(path: str, operation: Mapping[str, Any]) -> str:
    """The tag; of our own part the noun that a path leads to."""
    if not path.startswith("/native"):
        return str(operation.get("tags", ["other"])[0])
    words = [each for each in path.split("/")[2:] if not each.startswith("{")]
    nouns = [each for each in words if each not in ("projects", "kube")]
    return nouns[0] if nouns else "projects"


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Operation:
    taken = [
        Field(name=each["name"], type=_type(each["schema"]), note=_place(each))
        for each in operation.get("parameters", ())
    ]
    body = _content(operation.get("requestBody", {}))
    actions = [each["name"] for each in operation.get("x-iam-actions", ())]
    return Operation(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        action=", ".join(actions),
        deprecated=bool(operation.get("deprecated")),
        fields=taken,
        body=None if body is None else _type(body),
        answer=_type(_content(operation["responses"].get("200", {})) or {}),
    )


def _place(parameter: Mapping[str, Any]) -> str:
    return f"{parameter['in']}, required" if parameter.get("required") else str(parameter["in"])


def _content(given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = given.get("content", {}).get("application/json", {}).get("schema")
    return found


def _models(document: Document) -> Iterator[Model]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        always = set(schema.get("required", ()))
        yield Model(
            name=name,
            fields=[
                Field(name=each, type=_type(of), note="required" if each in always else "")
                for each, of in schema.get("properties", {}).items()
            ],
            words=schema.get("enum", ()),
        )


def _type(schema: Mapping[str, Any]) -> markupsafe.Markup:
    """In words, with links to models."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return markupsafe.Markup('<a href="#{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return markupsafe.Markup(" or ").join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return markupsafe.Markup("list of ") + _type(schema.get("items", {}))
    if isinstance(schema.get("additionalProperties"), dict):
        return markupsafe.Markup("map of ") + _type(schema["additionalProperties"])
    if schema.get("type") == "string" and "format" in schema:
        return markupsafe.escape(schema["format"])
    return markupsafe.escape(schema.get("type", "any JSON"))
