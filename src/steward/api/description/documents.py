"""The published description: OpenAPI documents that are written from the routes.

FastAPI describes what routes take and answer. Here the description gets what our routes add to that: OVHcloud's names
of models, parameters and enumerations, the form of refusals, and how callers prove who they are. `routes` serves the
documents; tests hold answers against them.
"""

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from steward import __version__
from steward.api import calls
from steward.api.description import links
from steward.api.ovh.models import base
from steward.catalogue import ovh

Document = dict[str, Any]

_REF = "#/components/schemas/"
_PARAMETER = re.compile(r"{(\w+)}")
_SIGNED = (
    ("application", "X-Ovh-Application", "The application's key"),
    ("consumer", "X-Ovh-Consumer", "The consumer key"),
    ("timestamp", "X-Ovh-Timestamp", "Unix seconds, as of /auth/time"),
    ("signature", "X-Ovh-Signature", "$1$ and the SHA-1 of secret, consumer key, method, URL, body and time"),
)
ERROR: Document = {
    "type": "object",
    "description": "A refusal, in both of OVHcloud's forms",
    "properties": {
        "class": {"type": "string"},
        "message": {"type": "string"},
        "errorCode": {"type": "string"},
        "httpCode": {"type": "string"},
        "details": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["class", "message", "errorCode", "httpCode", "details"],
    "additionalProperties": False,
}


def of_ovh(routes: Sequence[BaseRoute], base_url: str) -> Document:
    """What is served below `/1.0` and `/v1`."""
    chosen = [each for each in _described(routes) if not each.path.startswith("/native")]
    servers = [{"url": f"{base_url}/1.0"}, {"url": f"{base_url}/v1"}]
    return _document(chosen, "OVHcloud's API, as steward serves it", servers)


def of_native(routes: Sequence[BaseRoute], base_url: str) -> Document:
    """What OVHcloud's API has no word for."""
    chosen = [each for each in _described(routes) if each.path.startswith("/native")]
    return _document(chosen, "steward's own API", [{"url": base_url or "/"}])


def whole(routes: Sequence[BaseRoute], base_url: str) -> Document:
    """Both of them, each path with the prefix that it is served under."""
    first, second = of_ovh(routes, base_url), of_native(routes, base_url)
    return {
        **second,
        "info": {"title": "steward", "version": __version__},
        "paths": {**{f"/1.0{path}": item for path, item in first["paths"].items()}, **second["paths"]},
        "components": {
            **second["components"],
            "schemas": {**second["components"]["schemas"], **first["components"]["schemas"]},
        },
    }


def _described(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    """Without pages for browsers: they are no interface for programs."""
    for each in routes:
        page = isinstance(each, APIRoute) and each.path.startswith(("/console", "/auth/validate"))
        if isinstance(each, APIRoute) and each.include_in_schema and not page:
            yield each


def _document(routes: list[APIRoute], title: str, servers: list[Document]) -> Document:
    found = get_openapi(title=title, version=__version__, routes=cast(Any, routes), servers=servers)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _rename(found, schemas)
    _walk(found, _plain)
    _walk(found, lambda schema: _name_words(schema, schemas))
    schemas["Error"] = copy.deepcopy(ERROR)
    found["components"]["securitySchemes"] = _schemes()
    known = {(each.method, ovh.shape(each.path)): each for each in ovh.operations()}
    paths = {}
    for path, item in found["paths"].items():
        for method, operation in item.items():
            contract = known.get((method.upper(), ovh.shape(path)))
            _complete(operation, contract)
            if contract is not None:
                _as_there(operation, path, contract.path)
        first = next((known[key] for key in ((m.upper(), ovh.shape(path)) for m in item) if key in known), None)
        paths[first.path if first is not None else path] = item
    found["paths"] = paths
    links.add(found)
    return found


def _complete(operation: Document, contract: ovh.Operation | None) -> None:
    operation["responses"].pop("422", None)  # never answered: such bodies are refused with 400
    refusal = {
        "description": "A refusal",
        "content": {"application/json": {"schema": {"$ref": f"{_REF}Error"}}},
    }
    operation["responses"].setdefault("default", refusal)
    if contract is None:
        operation["summary"] = _own_summary(operation)
        return
    operation["summary"] = contract.says
    if contract.deprecated:
        operation["deprecated"] = True
    if contract.action:
        operation["x-iam-actions"] = [{"name": contract.action, "required": True}]
    if contract.expand:
        operation["x-expanded-response"] = contract.expand
    operation["security"] = [] if contract.open else [{name: [] for name, _, _ in _SIGNED}, {"token": []}]


def _own_summary(operation: Document) -> str:
    """What the route's text says first; else the operations that it carries out."""
    said = operation.get("description", "").strip().partition("\n\n")[0]
    if said:
        return " ".join(said.split()).rstrip(".")
    names = operation.get(calls.OPERATIONS, ())
    return ", ".join(names) if names else "Read"


def _as_there(operation: Document, ours: str, theirs: str) -> None:
    """Path parameters by OVHcloud's names."""
    names = dict(zip(_PARAMETER.findall(ours), _PARAMETER.findall(theirs), strict=True))
    for each in operation.get("parameters", ()):
        if each["in"] == "path":
            each["name"] = names[each["name"]]


def _schemes() -> Document:
    signed = {
        name: {"type": "apiKey", "in": "header", "name": header, "description": says} for name, header, says in _SIGNED
    }
    return {**signed, "token": {"type": "http", "scheme": "bearer"}}


def _rename(found: Document, schemas: Document) -> None:
    """Models get the names that their titles give them; where request and answer share one, the request's is marked."""
    names: dict[str, str] = {}
    for name in sorted(schemas, key=lambda each: schemas[each].get("additionalProperties") is not False):
        title = schemas[name].get("title", name)
        wanted = title if "." in title else name
        names[name] = f"{wanted}.Request" if wanted in names.values() else wanted
    renamed = {names[name]: schema for name, schema in schemas.items()}
    schemas.clear()
    schemas.update(renamed)

    def follow(schema: Document) -> None:
        reference = schema.get("$ref", "")
        if isinstance(reference, str) and reference.startswith(_REF):
            schema["$ref"] = _REF + names.get(reference.removeprefix(_REF), reference.removeprefix(_REF))

    _walk(found, follow)


def _plain(schema: Document) -> None:
    """Titles that only repeat a field's name say nothing."""
    if isinstance(schema.get("title"), str) and ("type" in schema or "anyOf" in schema or "$ref" in schema):
        del schema["title"]


def _name_words(schema: Document, schemas: Document) -> None:
    name = schema.pop(base.ENUM, None)
    if name is None:
        return
    schemas[name] = {"type": "string", "enum": schema["enum"]}
    rest = {key: value for key, value in schema.items() if key not in ("type", "enum")}
    schema.clear()
    schema.update({"$ref": _REF + name, **rest})


def _walk(node: Any, act: Callable[[Document], None]) -> None:
    """Children first; a copy of them, because `act` may change what it is given."""
    if isinstance(node, dict):
        for each in list(node.values()):
            _walk(each, act)
        act(node)
    elif isinstance(node, list):
        for each in node:
            _walk(each, act)
