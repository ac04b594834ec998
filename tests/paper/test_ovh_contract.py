"""Our description of what we serve is OVHcloud's contract, operation by operation; what is not served is named.

Whoever serves another operation removes it from `catalogue/ovh_gaps.yaml`, gives its route a `response_model` of
`api/ovh/models` (`base.Void` for `null`), and makes the pages anew (`python -m docs.generate`).
"""

from functools import cache
from typing import Any

import pytest

from steward.api import app
from steward.api.description import documents
from steward.catalogue import ovh
from tests import contract

KUBE = ("kube", "capabilities")
BESIDE = ("/me", "/auth/oauth2", "/v3", "/dbaas")  # of OVHcloud's as well, and nothing of Kubernetes


@cache
def described() -> documents.Document:
    routes = [route for router in app.ROUTERS for route in router.routes]
    return documents.of_ovh(routes, "")


def served() -> dict[str, Any]:
    """What the description has, by method and path."""
    return {
        f"{method.upper()} {path}": each for path, item in described()["paths"].items() for method, each in item.items()
    }


def answer_schema(operation: dict[str, Any]) -> Any:
    return operation["responses"]["200"]["content"]["application/json"]["schema"]


def test_the_table_is_whole() -> None:
    assert len([each for each in ovh.operations() if each.group in KUBE]) == 46
    kube = [each for each in {**ovh.models(), **ovh.enums()} if each.startswith(("cloud.kube.", "cloud.ProjectKube"))]
    assert len(kube) + len(ovh.own_words()) == 61
    assert len({each.name for each in ovh.operations()}) == len(ovh.operations())


def test_every_type_of_the_table_is_known() -> None:
    scalars = {"any", "string", "password", "boolean", "integer", "number", "uuid", "date-time", "duration"}
    known = scalars | {"ip", "ipBlock", "ipv4Block"} | set(ovh.models()) | set(ovh.enums()) | ovh.own_words()
    used = {type_.name for model in ovh.models().values() for type_ in model.values()}
    used |= {each.answer.name for each in ovh.operations() if each.answer}
    used |= {name for each in ovh.operations() for name in (each.body, each.expand, each.ours) if name}
    assert used <= known


def test_what_is_not_served_is_named_with_its_reason() -> None:
    assert {each.name for each in ovh.operations()} - set(served()) == set(ovh.gaps())
    assert all(ovh.gaps().values())


def test_nothing_is_served_that_ovhcloud_has_not() -> None:
    beyond = set(served()) - {each.name for each in ovh.operations()}
    assert [each for each in beyond if not each.partition(" ")[2].startswith(BESIDE)] == []


@pytest.mark.parametrize(
    "operation", [each for each in ovh.operations() if each.name not in ovh.gaps()], ids=lambda each: each.name
)
def test_an_operation_is_described_as_ovhcloud_has_it(operation: ovh.Operation) -> None:
    ours = served()[operation.name]
    schema = answer_schema(ours)
    loose = operation.answered is not None and operation.answered.name == "any"
    assert loose or schema != {}, "the route has no response_model: api/ovh/models has one for each answer"
    assert contract.differences(described(), schema, operation.answered, asked=False) == []
    taken = {each["name"] for each in ours.get("parameters", ()) if each["in"] == "query"}
    assert taken == set(operation.query)


@pytest.mark.parametrize(
    "operation", [each for each in ovh.operations() if each.name not in ovh.gaps()], ids=lambda each: each.name
)
def test_an_operation_takes_what_ovhclouds_takes(operation: ovh.Operation) -> None:
    body = served()[operation.name].get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    assert bool(body) == bool(operation.body)
    if body:
        body = next((each for each in body.get("anyOf", ()) if each.get("type") != "null"), body)
        assert contract.differences(described(), body, ovh.Type(name=operation.body), asked=True) == []


@pytest.mark.parametrize("name", sorted(ovh.enums()))
def test_an_enumeration_has_its_words(name: str) -> None:
    schema = described()["components"]["schemas"].get(name)
    assert schema is None or frozenset(schema["enum"]) == ovh.enums()[name]


def test_whatever_refers_to_something_finds_it() -> None:
    for document in (described(), documents.whole([route for router in app.ROUTERS for route in router.routes], "")):
        text = str(document)
        for name in document["components"]["schemas"]:
            text = text.replace(f"#/components/schemas/{name}'", "")
        assert "#/components/schemas" not in text
