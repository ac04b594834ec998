"""Holds answers against OVHcloud's contract (`catalogue/ovh_*.yaml`), and schemas of ours against its models.

An answer has every field of its model and no other, each of its type, words of its enumeration, `null` only where the
contract has it. In the tree of customizations fields may be missing: what is missing there is as by default.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from ipaddress import IPv4Network, ip_network
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from steward.catalogue import ovh

SPARSE = "cloud.ProjectKubeCustomization"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
_DURATION = re.compile(r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_KINDS = {"string": str, "password": str, "boolean": bool, "integer": int, "number": float}


def shape(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def found(method: str, path: str) -> ovh.Operation | None:
    """The operation that a request is; `path` without prefix."""
    given = urlsplit(path).path.split("/")
    fitting = [each for each in ovh.operations() if each.method == method and _fits(each.path.split("/"), given)]
    return min(fitting, key=lambda each: each.path.count("{"), default=None)


def _fits(wanted: list[str], given: list[str]) -> bool:
    pairs = list(zip(wanted, given, strict=False))
    return len(wanted) == len(given) and all(bool(each) if want[:1] == "{" else want == each for want, each in pairs)


def check_answer(method: str, path: str, body: Any, *, expanded: bool = False) -> None:
    """One that succeeded; what the contract does not know is not looked at."""
    operation = found(method, path)
    if operation is None:
        return
    faults = list(_faults(operation.name, _answered(operation, expanded), body))
    assert faults == [], faults


def _answered(operation: ovh.Operation, expanded: bool) -> ovh.Type | None:
    if expanded and operation.expand:
        return ovh.Type(name=operation.expand, many=True)
    return operation.answered


def _faults(where: str, type_: ovh.Type | None, value: Any) -> Iterator[str]:
    if type_ is None or value is None:
        if value is not None or (type_ is not None and not type_.nullable):
            yield f"{where} is {value!r}"
    elif type_.many and isinstance(value, list):
        for position, each in enumerate(value):
            yield from _faults_of_one(f"{where}[{position}]", type_.name, each)
    elif type_.mapped and isinstance(value, dict):
        for key, each in value.items():
            yield from _faults_of_one(f"{where}.{key}", type_.name, each)
    elif type_.many or type_.mapped:
        yield f"{where} is {value!r}"
    else:
        yield from _faults_of_one(where, type_.name, value)


def _faults_of_one(where: str, name: str, value: Any) -> Iterator[str]:
    if name in ovh.models():
        yield from _faults_of_model(where, name, value)
    elif name in ovh.enums():
        if value not in ovh.enums()[name]:
            yield f"{where} is {value!r}, which is not in {name}"
    elif name not in ("any", *ovh.own_words()) and not _is_scalar(name, value):
        yield f"{where} is {value!r}, not of type {name}"


def _faults_of_model(where: str, name: str, value: Any) -> Iterator[str]:
    model = ovh.models()[name]
    if not isinstance(value, dict):
        yield f"{where} is {value!r}, not a {name}"
        return
    missing = {} if name.startswith(SPARSE) else set(model) - set(value)
    strange = set(value) - set(model)
    if missing or strange:
        yield f"{where} lacks {sorted(missing)} and has beyond its model {sorted(strange)}"
    for field in set(model) & set(value):
        yield from _faults(f"{where}.{field}", model[field], value[field])


def _is_scalar(name: str, value: Any) -> bool:
    if name in _KINDS:
        return type(value) is _KINDS[name] or (name == "number" and type(value) is int)
    if not isinstance(value, str):
        return False
    try:
        return _is_text(name, value)
    except ValueError:
        return False


def _is_text(name: str, value: str) -> bool:
    match name:
        case "date-time":
            return bool(_MOMENT.fullmatch(value)) and bool(datetime.fromisoformat(value.replace("Z", "+00:00")))
        case "duration":
            return bool(_DURATION.fullmatch(value)) and value not in ("P", "PT")
        case "uuid":
            return str(UUID(value)) == value.lower()
        case "ipBlock" | "ip":
            return bool(ip_network(value))
        case "ipv4Block":
            return bool(IPv4Network(value))
    return False


def differences(
    document: Mapping[str, Any], schema: Mapping[str, Any], type_: ovh.Type | None, *, asked: bool
) -> list[str]:
    """Where a schema of our description says something else than the contract; `asked`: of a request."""
    return list(_Comparison(document, asked=asked).of_type("", schema, type_))


class _Comparison:
    def __init__(self, document: Mapping[str, Any], *, asked: bool) -> None:
        self._schemas = document["components"]["schemas"]
        self._asked = asked
        self._seen: set[str] = set()

    def of_type(self, where: str, schema: Mapping[str, Any], type_: ovh.Type | None) -> Iterator[str]:
        schema, nullable = _without_null(schema)
        if type_ is None:
            if schema.get("type") != "null":
                yield f"{where or 'it'} is not void: {dict(schema)}"
        elif nullable and not type_.nullable and not self._asked:
            yield f"{where} may be null"
        elif type_.many:
            yield from self._inside(where, schema, "array", schema.get("items"), type_.name)
        elif type_.mapped:
            yield from self._inside(where, schema, "object", schema.get("additionalProperties"), type_.name)
        elif type_.name != "any":
            yield from self._of_name(where, schema, type_.name)

    def _inside(self, where: str, schema: Mapping[str, Any], kind: str, inner: Any, name: str) -> Iterator[str]:
        if schema.get("type") != kind or not isinstance(inner, dict):
            yield f"{where} is no {kind}: {dict(schema)}"
        elif name != "any":
            yield from self._of_name(f"{where}[]", inner, name)

    def _of_name(self, where: str, schema: Mapping[str, Any], name: str) -> Iterator[str]:
        schema = self._schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        if name in ovh.enums():
            if frozenset(schema.get("enum", ())) != ovh.enums()[name]:
                yield f"{where} has not the words of {name}: {schema.get('enum')}"
        elif name in ovh.models():
            if name not in self._seen:
                self._seen.add(name)
                yield from self._of_model(where, schema, name)
        elif name not in ovh.own_words() and not _same_scalar(schema, name):
            yield f"{where} is not of type {name}: {dict(schema)}"

    def _of_model(self, where: str, schema: Mapping[str, Any], name: str) -> Iterator[str]:
        model, fields = ovh.models()[name], schema.get("properties", {})
        if set(fields) != set(model):
            yield f"{where} ({name}) lacks {sorted(set(model) - set(fields))}, adds {sorted(set(fields) - set(model))}"
        sparse = not self._asked and name.startswith((SPARSE, "cloud.ProjectKubeResources"))
        always = {each for each, type_ in model.items() if type_.required} if self._asked or sparse else set(model)
        if set(schema.get("required", ())) != always:
            yield f"{where} ({name}) requires {schema.get('required')}, not {sorted(always)}"
        for each in sorted(set(fields) & set(model)):
            yield from self.of_type(f"{where}.{each}", fields[each], model[each])


def _without_null(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if "anyOf" in schema and len(choices) == 1:
        return choices[0], len(choices) < len(schema["anyOf"])
    return schema, False


def _same_scalar(schema: Mapping[str, Any], name: str) -> bool:
    if name in ("boolean", "integer", "number", "string"):
        return schema.get("type") == name
    return (schema.get("type"), schema.get("format")) == ("string", name)
