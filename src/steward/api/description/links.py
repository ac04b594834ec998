"""Links of OpenAPI documents: what can be asked about that which an order has made, found from paths and models.

An order below a path makes an object whose identity stands in its answer; what lies one parameter deeper is about it.
"""

import re
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]

_REF = "#/components/schemas/"
_PARAMETER = re.compile(r"{(\w+)}")
_IDENTITIES = ("id", "subscriptionId", "clientId", "credentialId")


def add(document: Document) -> None:
    for path, item in document["paths"].items():
        operation = item.get("post")
        identity = _identity(document, operation) if operation else ""
        if operation is not None and identity:
            operation["responses"]["200"]["links"] = dict(_links(document, path, identity))


def _identity(document: Document, operation: Document) -> str:
    """The field of the answer that says which object it is; empty where there is none."""
    schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    model = document["components"]["schemas"].get(schema.get("$ref", "").removeprefix(_REF), {})
    return next((each for each in _IDENTITIES if each in model.get("properties", {})), "")


def _links(document: Document, path: str, identity: str) -> Iterator[tuple[str, Document]]:
    given = {each: f"$request.path.{each}" for each in _PARAMETER.findall(path)}
    for other, item in document["paths"].items():
        names = _PARAMETER.findall(other)
        if other.startswith(f"{path}/{{") and len(names) == len(given) + 1:
            parameters = {**given, names[-1]: f"$response.body#/{identity}"}
            for operation in item.values():
                name = operation["operationId"]
                yield name, {"operationId": name, "parameters": parameters}
