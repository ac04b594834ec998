"""A signed write that is sent twice is one effect: after a restart, beside another process, and whatever was lost."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from steward.api import app as app_
from steward.api import config
from steward.api.ovh import replays as replays_
from steward.domain import errors, replays
from tests import postgres
from tests.api import serving


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.running() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    found: postgres.Server = request.getfixturevalue("server")
    return found.make_database()


def another(service: serving.Service) -> serving.Service:
    """The same service after a restart, or beside the first: it remembers nothing but what is in the records."""
    settings = config.ApiConfig(base_url=serving.BASE, operator_token=serving.TOKEN, network=serving.PLAN)
    made = serving.Service(service.clock, service.records, app_.create(service.needs, settings))
    made.project, made.keys, made.woken = service.project, service.keys, service.woken
    return made


async def sent(service: serving.Service, at: int, body: bytes = b'{"region":"LOCAL1"}') -> httpx2.Response:
    headers = service.signed("POST", f"{serving.BASE}/1.0{service.kube}", body, service.keys, at)
    return await service.http.post(f"/1.0{service.kube}", content=body, headers=headers)


async def count(service: serving.Service) -> int:
    return len((await service.call("GET", service.kube)).body)


async def marks(service: serving.Service) -> list[replays.Mark]:
    async with service.records.read() as work:
        return list(await work.replays.all())


def test_after_a_restart_the_second_one_has_no_effect_and_the_same_answer(tmp_path: Path, database: str) -> None:
    async def story(service: serving.Service) -> None:
        at = int(service.clock.now().timestamp())
        first = await sent(service, at)
        again = await sent(another(service), at)
        assert (again.status_code, again.text) == (200, first.text)
        assert again.headers["content-type"] == first.headers["content-type"]
        assert again.headers["x-ovh-queryid"] != first.headers["x-ovh-queryid"]
        assert await count(service) == 1
        later = await sent(another(service), at + 1)
        assert later.json()["id"] != first.json()["id"]

    serving.run(tmp_path, story, database=database)


def test_two_at_the_same_time_in_two_processes_are_one_effect(tmp_path: Path, database: str) -> None:
    async def story(service: serving.Service) -> None:
        at = int(service.clock.now().timestamp())
        places = [service, another(service), another(service)]
        answers = await asyncio.gather(*(sent(each, at) for each in [*places, *places]))
        assert {each.status_code for each in answers} == {200}
        assert len({each.text for each in answers}) == 1
        assert await count(service) == 1
        assert len(service.woken) == 1

    serving.run(tmp_path, story, database=database)


def test_an_answer_that_was_lost_is_no_second_effect(tmp_path: Path, database: str) -> None:
    async def story(service: serving.Service) -> None:
        at = int(service.clock.now().timestamp())
        await sent(service, at)
        (mark,) = await marks(service)
        async with service.records.begin() as work:
            await work.secrets.remove_all(mark.owner)
        again = await sent(another(service), at)
        assert again.status_code == 409
        assert (again.json()["errorCode"], again.json()["class"]) == ("REPEATED", "Client::Conflict")
        assert "sign it anew" in again.json()["message"]
        assert await count(service) == 1

    serving.run(tmp_path, story, database=database)


def test_an_effect_that_was_rolled_back_is_done_again(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service ends before the commit: nothing is there, neither the order nor its mark."""

    async def story(service: serving.Service) -> None:
        at = int(service.clock.now().timestamp())

        class Ended(BaseException):
            pass

        def end(context: object) -> None:
            raise Ended

        with monkeypatch.context() as patched:
            patched.setattr(replays_._Marking, "_marked", end)
            with pytest.raises(Ended):
                await sent(service, at)
        assert await marks(service) == []
        assert (await sent(another(service), at)).status_code == 200
        assert await count(service) == 1

    serving.run(tmp_path, story, database=database)


def test_what_changed_nothing_leaves_no_mark(tmp_path: Path, database: str) -> None:
    async def story(service: serving.Service) -> None:
        for body in ({"region": "MARS"}, {}, {"region": "LOCAL1", "plan": "gold"}):
            assert (await service.call("POST", service.kube, body)).status == 400
        await service.call("GET", service.kube)
        assert await marks(service) == []

    serving.run(tmp_path, story, database=database)


def test_every_kind_of_write_is_marked_for_as_long_as_its_signature_counts(tmp_path: Path, database: str) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        path = f"{service.kube}/{made['id']}"
        known = len(await marks(service))
        writes: list[tuple[str, str, Any]] = [
            ("PUT", path, {"name": "other"}),
            ("POST", f"{path}/kubeconfig", None),
            ("PUT", f"{path}/ipRestrictions", {"ips": ["203.0.113.7"]}),
            ("DELETE", path, None),
        ]
        for number, (method, where, body) in enumerate(writes, 1):
            first = await service.call(method, where, body)
            again = await another(service).call(method, where, body)
            assert (again.status, again.text) == (first.status, first.text)
            assert len(await marks(service)) == known + number
        soon = service.clock.now() + timedelta(seconds=61)
        assert all(each.until < soon for each in await marks(service))

    serving.run(tmp_path, story, database=database)


def test_the_key_of_a_customer_and_its_answers_stand_nowhere_in_the_open(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        await service.call("POST", f"{service.kube}/{made['id']}/kubeconfig")
        found = b"".join(each.read_bytes() for each in tmp_path.iterdir() if each.name.startswith("steward.db"))
        assert service.keys.consumer.encode() not in found
        assert b"kind: Config" not in found

    serving.run(tmp_path, story)


def test_a_disk_that_fills_between_effect_and_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The effect is answered; after a restart the second one is refused, and has none."""

    async def story(service: serving.Service) -> None:
        at = int(service.clock.now().timestamp())

        def full(response: object) -> bytes:
            raise errors.Unavailable("The disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(replays_, "_packed", full)
            assert (await sent(service, at)).status_code == 200
        assert (await sent(another(service), at)).status_code == 409
        assert await count(service) == 1

    serving.run(tmp_path, story)
