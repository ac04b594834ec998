"""Thousands of requests made from our own description against a served steward whose clusters are figures in memory."""

import functools
import itertools
import random
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase

from tests.system import fuzzing, waiting
from tests.system import service as service_

pytestmark = pytest.mark.loopback

SETTLED = {"READY", "ERROR", "USER_ERROR"}
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


@pytest.fixture
def service() -> Iterator[service_.Service]:
    limits = {"STEWARD_REQUEST_RATE": "100000", "STEWARD_STRANGER_RATE": "100000"}
    with service_.running("stwfz", STEWARD_RUNTIME="simulated", **limits) as served:
        yield served


def customer(service: service_.Service, name: str) -> fuzzing.Caller:
    made = service.native("POST", "/native/projects", {"account": name})
    keys = service.native("POST", f"/native/projects/{made['id']}/credentials", {})
    signed = (keys["applicationKey"], keys["applicationSecret"], keys["consumerKey"])
    return fuzzing.Caller(name=name, project=made["id"], keys=signed)


def callers(service: service_.Service) -> list[fuzzing.Caller]:
    """Two customers, the provider's operator, and somebody without any standing."""
    token = (service.state / "operator.token").read_text().strip()
    ours = customer(service, "ours")
    return [
        ours,
        customer(service, "foreign"),
        fuzzing.Caller(name="operator", token=token, project=ours.project, known=ours.known),
        fuzzing.Caller(name="stranger", token="nobody-gave-this-out"),
    ]


@pytest.mark.campaign
@pytest.mark.timeout(1500)
def test_five_thousand_requests(service: service_.Service) -> None:
    sent = campaign(service, most=5_000, seconds=800, seed=20)
    assert sum(sent.values()) >= 5_000, sent


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_two_hundred_thousand_requests(service: service_.Service) -> None:
    sent = campaign(service, most=200_000, seconds=5 * 3600, seed=random.SystemRandom().randrange(2**32))
    assert sum(sent.values()) >= 200_000, sent


def campaign(service: service_.Service, *, most: int, seconds: float, seed: int) -> dict[int, int]:
    """Rounds over all operations, in an order of chance, until enough was sent; then nothing half-made may be left."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    who = callers(service)
    running = fuzzing.Campaign(service.url, who, most, time.monotonic() + seconds, chance)
    documents = [
        httpx2.get(f"{service.url}{path}/openapi.json", trust_env=False).json() for path in ("/1.0", "/native")
    ]
    todo = [(each, document) for document in documents for each in fuzzing.operations(document)]
    for number in itertools.count():
        chance.shuffle(todo)
        for operation, document in todo:
            if running.over:
                break
            examples(running, operation, document, MODES[number % 4 == 3], seed + number)
        if running.over:
            break
    running.http.close()
    print(f"{running.sent} requests: {dict(sorted(running.statuses.items()))}")
    assert not running.faults, "\n\n".join(running.faults.values())
    for each in who[:2]:
        check_left(service_.client(service, each.keys), f"/cloud/project/{each.project}/kube")
    return running.statuses


def examples(
    running: fuzzing.Campaign, operation: Any, document: Any, mode: schemathesis.GenerationMode, seed: int
) -> None:
    below = fuzzing.parameters_below(document, operation.path)
    foreign = {each.project: each.name for each in running.callers if each.project and not each.token}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=4,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def one(case: schemathesis.Case) -> None:
        caller = running.chance.choices(running.callers, (8, 3, 4, 1))[0]
        if fuzzing.ends_somebody(case):
            caller = running.callers[-1]
        fuzzing.aim(running, case, caller)
        response = running.send(case, caller)
        try:
            fuzzing.check(case, response, caller, foreign)
        except (AssertionError, BaseExceptionGroup) as fault:
            running.note(case, fault)
        caller.learn(below, fuzzing.answered(response))

    try:
        one()
    except hypothesis.errors.Unsatisfiable:
        return  # there is no broken form of a request that has nothing in it


def check_left(api: Any, base: str) -> None:
    """Every object of a customer can be read whole, settles, fits its owner, and goes without a rest."""
    for cluster_id in api.get(base):
        waiting.until(functools.partial(settled, api, f"{base}/{cluster_id}"), f"cluster {cluster_id} to settle")
    for cluster_id in api.get(base):
        api.delete(f"{base}/{cluster_id}")
    waiting.until(lambda: api.get(base) == [], "all clusters to be gone")


def settled(api: Any, path: str) -> bool:
    try:
        cluster = api.get(path)
    except service_.NotFound:
        return True
    pools, nodes = api.get(f"{path}/nodepool"), api.get(f"{path}/node")
    assert {each["nodePoolId"] for each in nodes} <= {each["id"] for each in pools}, (pools, nodes)
    counted = all(each["currentNodes"] == sum(n["nodePoolId"] == each["id"] for n in nodes) for each in pools)
    return cluster["status"] in SETTLED and counted and all(each["status"] in SETTLED for each in pools)
