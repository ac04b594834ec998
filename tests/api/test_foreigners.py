"""No customer learns that another's object exists: on every route, another's is answered like what is not there.

The same status, the same words, and as many questions to the storage, so that the time it takes says nothing either.
Each route is asked three times by a stranger: for what is another customer's, for what is nobody's, and (where its
path names a project) in the stranger's own project for another customer's objects.
"""

import dataclasses
import re
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from steward.api import app, authentication
from steward.domain import people
from steward.storage import sessions
from tests.api import serving, visiting

# Parts of a path that name no object of a customer's: words of the catalogue, positions in one's own log, versions.
WORDS = {"name": "LOCAL1", "flavor_id": str(uuid.UUID(int=7)), "version": "1", "index": "0", "ip": "203.0.113.7"}
ROUTES = {
    f"{sorted(route.methods or ())[0]} {route.path}": route
    for router in app.ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "{" in route.path and not route.path.startswith("/console")
}
# What a body has to hold, beside what can be made from its model, to be looked at at all.
BODIES: Mapping[str, Any] = {
    "PUT /native/projects/{project_id}/webhooks/{webhook_id}": {"url": "https://example.org/"},
    "POST /native/projects/{project_id}/webhooks": {"url": "https://example.org/"},
    "PUT /native/people/{person_id}": {"role": "viewer"},
    "POST /native/projects/{project_id}/accesses/{access_id}/review": {"verdict": "accepted"},
}
WHEN = {"until": "2030-02-01T00:00:00Z", "expiresAt": "2030-02-01T00:00:00Z"}
QUERIES = {"GET /native/projects/{project_id}/ledger/consistency": "?old=0"}
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|LOCAL\.ext-1\.[0-9a-f.]+|'[^']*'|\b\d+\b")


@dataclass(frozen=True)
class Said:
    status: int
    text: str
    asked: int  # statements of the storage


@dataclass(frozen=True)
class Compared:
    foreign: Said
    unknown: Said
    inside: Said | None  # in the stranger's own project, for another customer's objects
    nowhere: Said | None  # the same, for nobody's


@pytest.fixture(scope="module")
def compared() -> dict[str, Compared]:
    found: dict[str, Compared] = {}
    patched = pytest.MonkeyPatch()
    with tempfile.TemporaryDirectory() as folder:

        async def story(service: serving.Service) -> None:
            own = await owned(service)
            project, keys = await service.customer_of("zz9-local")
            counter = Counter()
            patched.setattr(authentication, "LAST_USE_SECONDS", 1e9)  # a last use is written now and then
            patched.setattr(sessions.Session, "_guarded", counter.around(sessions.Session._guarded))
            for name, route in ROUTES.items():
                unknown = {each: str(uuid.uuid4()) for each in own} | {"project_id": uuid.uuid4().hex}
                unknown |= {"account": "nobody", "credential_id": "987654", "credentialId": "987654"}

                async def asked(values: Mapping[str, str], name: str = name, route: APIRoute = route) -> Said:
                    return await ask(service, keys, counter, (name, route), values)

                await asked(unknown)  # whatever is remembered of who asks is remembered by now
                inside = nowhere = None
                if "{project_id}" in route.path and names(route) - {"project_id"} - WORDS.keys():
                    inside = await asked({**own, "project_id": project})
                    nowhere = await asked({**unknown, "project_id": project})
                found[name] = Compared(await asked(own), await asked(unknown), inside, nowhere)

        serving.run(Path(folder), story)
    patched.undo()
    return found


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def around(self, inner: Any) -> Any:
        async def counted(session: Any, statement: Any, values: Any) -> Any:
            self.count += 1
            return await inner(session, statement, values)

        return counted


async def owned(service: serving.Service) -> dict[str, str]:
    """By the name that paths have for it: what the first customer has."""
    pool = {"flavorName": "d2-4", "desiredNodes": 1}
    cluster = (await service.ready(nodepool=pool))["id"]
    pools = (await service.call("GET", f"{service.kube}/{cluster}/nodepool")).body
    nodes = (await service.call("GET", f"{service.kube}/{cluster}/node")).body
    person = await visiting.put_customer(service, "owner@example.org")
    await visiting.invited(service, "staff@example.org", "support")
    async with service.records.begin() as work:
        staff = await work.people.by_key("staff@example.org")
        assert staff is not None
        await work.people.put(dataclasses.replace(staff, status=people.Status.ACTIVE))
    access = await visiting.access_asked_for(service, cluster, "staff@example.org")
    base = f"/native/projects/{service.project}"
    wish = {"wanted": {"instances": 900}, "reason": "Sales"}
    request = await service.call("POST", f"{base}/quota/requests", wish, prefix="")
    hook = await service.call("POST", f"{base}/webhooks", {"url": "https://example.org/"}, prefix="")
    refused = await service.operator("DELETE", f"/1.0{service.kube}/{cluster}")
    notices = (await service.call("GET", "/native/notices", prefix="")).body
    listed = notices if isinstance(notices, list) else next(each for each in notices.values() if isinstance(each, list))
    credentials = (await service.call("GET", f"{base}/credentials", prefix="")).body
    made = {
        "project_id": service.project,
        "cluster_id": cluster,
        "pool_id": pools[0]["id"],
        "node_id": nodes[0]["id"],
        "person_id": person.id,
        "account": "ab1-local",
        "access_id": access.id,
        "ticket_id": await visiting.reported(service),
        "request_id": request.body["id"],
        "webhook_id": hook.body["id"],
        "decision_id": refused.body["details"]["decision"],
        "notice_id": listed[0]["id"] if listed else str(uuid.uuid4()),
        "credential_id": str(credentials[0]["credentialId"]),
        "credentialId": str(credentials[0]["credentialId"]),
    }
    every = {each for route in ROUTES.values() for each in names(route)} - WORDS.keys()
    return {each: str(uuid.uuid4()) for each in every} | made


async def ask(
    service: serving.Service,
    keys: serving.Keys,
    counter: Counter,
    asked: tuple[str, APIRoute],
    values: Mapping[str, str],
) -> Said:
    name, route = asked
    method = name.partition(" ")[0]
    words = {**values, **WORDS, **({"name": "members"} if "/reviews/" in route.path else {})}
    path = re.sub(r"{(\w+)(:path)?}", lambda match: words[match[1]], route.path) + QUERIES.get(name, "")
    await service.clock.sleep(1)  # equal writes of one second would be one
    before = counter.count
    prefix = "" if path.startswith(("/native", "/docs", "/auth/validate")) else "/1.0"
    answer = await service.call(method, path, body_of(name, route), keys=keys, prefix=prefix)
    return Said(answer.status, _ID.sub("ID", answer.text), counter.count - before)


def names(route: APIRoute) -> set[str]:
    return set(re.findall(r"{(\w+)", route.path))


def body_of(name: str, route: APIRoute) -> Any:
    if name in BODIES:
        return BODIES[name]
    if route.body_field is None:
        return None
    schema = TypeAdapter(route.body_field.field_info.annotation).json_schema()
    return made(schema, schema.get("$defs", {}))


def made(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """Something of the form."""
    if "$ref" in schema:
        return made(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return made(schema["anyOf"][0], known)
    kind = schema.get("type")
    if kind == "object":
        required = schema.get("required", ())
        return {each: WHEN.get(each) or made(schema["properties"][each], known) for each in required}
    return {"array": [], "integer": 1, "number": 1.0, "boolean": True}.get(str(kind), "x")


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_what_is_anothers_is_answered_like_what_is_not_there(compared: dict[str, Compared], route: str) -> None:
    asked = compared[route]
    assert asked.foreign == asked.unknown
    assert asked.inside == asked.nowhere


@pytest.mark.parametrize("route", sorted(each for each in ROUTES if "{project_id}" in each))
def test_another_customers_project_is_not_found(compared: dict[str, Compared], route: str) -> None:
    assert (compared[route].foreign.status, "This service does not exist" in compared[route].foreign.text) == (
        404,
        True,
    ), compared[route].foreign
