"""Every operation falls under a row of the contract, and every route that changes something carries one out."""

import copy
from typing import Any

import pytest
from fastapi.routing import APIRoute

from steward.api import app, calls
from steward.api.console import doors
from steward.api.description import routes as description
from steward.catalogue import loading
from steward.domain import errors
from steward.operations import registry
from steward.responsibility import matrix, model, operations

# Where the body itself says who one is, and what such a page looks like.
SIGNING_IN = {
    *("/native/sessions", "/native/people/password"),
    *("/console/sign-in", "/console/code", "/console/password", "/console/style.css"),
    *("/console/openid", "/console/openid/back"),
}
WRITING = {"POST", "PUT", "DELETE", "PATCH"}


def routes() -> list[APIRoute]:
    found = [route for router in app.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert len(found) > 30
    return found


def test_the_contract_is_whole() -> None:
    contract = matrix.load()
    assert len(contract.activities) == 58
    assert contract.parties == (errors.CUSTOMER, errors.PROVIDER)
    forced = contract.activity("3.1.6-4")
    assert forced.letters[errors.PROVIDER] == {model.Letter.R, model.Letter.A}
    assert forced.letters[errors.CUSTOMER] == {model.Letter.I}
    disputed = [each.id for each in contract.activities.values() if each.disputed]
    assert disputed == ["3.1.2-3", "3.1.6-3"]


@pytest.mark.parametrize(
    "change", [{"id": "1.1"}, {"id": "1.1-2"}, {"customer": "AX"}, {"customer": "R"}, {"provider": "A"}]
)
def test_a_broken_contract_stops_the_service(change: dict[str, Any]) -> None:
    document = copy.deepcopy(loading.responsibility())
    document["activities"][0] |= change
    with pytest.raises(ValueError, match=r"activity|Letter"):
        matrix.built(document)


@pytest.mark.parametrize("activity", sorted({*operations.ACTIVITY_OF.values(), *operations.ACTIVITY_OF_FIELD.values()}))
def test_every_activity_named_is_a_row(activity: str) -> None:
    assert matrix.load().activity(activity).id == activity


def test_every_operation_is_carried_out_by_something() -> None:
    assert set(registry.REGISTERED) == set(operations.RULES) - operations.AUTOMATIC


def test_an_unknown_operation_fails_at_import() -> None:
    with pytest.raises(KeyError):
        registry.operation("cluster.teleport")


def test_every_route_that_changes_something_names_its_operation() -> None:
    carried_out = set()
    for route in routes():
        writes = (route.methods or set()) & WRITING
        named = (route.openapi_extra or {}).get(calls.OPERATIONS, [])
        assert bool(writes) == bool(named), f"{route.methods} {route.path}"
        assert set(named) <= set(registry.REGISTERED), route.path
        carried_out |= set(named)
    assert carried_out == set(registry.REGISTERED)


def test_only_a_few_doors_are_open() -> None:
    """Everything else asks for a signature or for a person's token."""
    guarded = (calls.EitherRoute, doors.SessionRoute)
    unguarded = {route.path for route in routes() if not isinstance(route, guarded)}
    signing = {"/auth/time", "/auth/credential", "/auth/validate", "/auth/oauth2/token", "/v3", "/v3/auth/tokens"}
    described = {route.path for route in description.router.routes if isinstance(route, APIRoute)}
    assert unguarded == {*signing, "/native/health", "/native/logs/tail/{token}", *SIGNING_IN, *described}
