"""Answers that are kept are the answers that would be made: after whatever was written, by whomever."""

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies
from starlette.responses import Response

from steward.api import kept
from steward.domain import clusters
from steward.ports import records
from tests.api import persons, serving

DEEDS = strategies.lists(
    strategies.sampled_from(["rename", "size", "seen", "order", "noise", "rolled back", "gone"]), min_size=1, max_size=8
)


async def _do(service: serving.Service, deed: str, cluster_id: str, number: int) -> None:
    """A customer's call, a reconciler's write, or something that changes no answer."""
    await service.clock.sleep(1)
    if deed == "rename":
        await service.call("PUT", f"{service.kube}/{cluster_id}", {"name": f"name-{number}"})
    elif deed == "order":
        await service.order(name=f"another-{number}")
    elif deed == "size":
        await service.call("POST", f"{service.kube}/{cluster_id}/nodepool", {"flavorName": "d2-4", "desiredNodes": 1})
    else:
        await _write(service, deed, clusters.ClusterId(cluster_id), number)


async def _write(service: serving.Service, deed: str, cluster_id: clusters.ClusterId, number: int) -> None:
    try:
        async with service.records.begin() as work:
            cluster = await work.clusters.get(cluster_id)
            assert cluster is not None
            if deed == "noise":
                await work.allotments.take("noise", str(number), below=1000)
            elif deed == "gone":
                for each in await work.nodes.of_cluster(cluster_id):
                    await work.nodes.save(dataclasses.replace(each, deleted_at=service.clock.now()))
            else:
                await work.clusters.save(dataclasses.replace(cluster, name=f"{deed[0]}-{number}"))
            if deed == "rolled back":
                raise KeyError
    except KeyError:
        pass


@hypothesis.settings(max_examples=15, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(deeds=DEEDS)
def test_what_is_kept_is_what_would_be_made(tmp_path_factory: pytest.TempPathFactory, deeds: list[str]) -> None:
    async def story(service: serving.Service) -> None:
        cluster_id = (await service.ready(nodepools=[{"flavorName": "d2-4", "desiredNodes": 2}]))["id"]
        one = f"{service.kube}/{cluster_id}"
        paths = (service.kube, one, f"{one}/nodepool", f"{one}/node", f"{one}/node?history=true", "/cloud/project")
        for number, deed in enumerate(["", *deeds]):
            if deed:
                await _do(service, deed, cluster_id, number)
            for path in paths:
                answered = await service.call("GET", path)
                again = await service.call("GET", path)
                # A query that nothing reads makes it another one, of which nothing is kept.
                fresh = await service.call("GET", f"{path}{'&' if '?' in path else '?'}fresh={number}")
                assert answered.status == again.status == fresh.status == 200
                assert answered.body == again.body == fresh.body, (deed, path)

    serving.run(tmp_path_factory.mktemp("kept"), story)


def test_nothing_is_kept_for_somebody_else(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        cluster_id = (await service.ready())["id"]
        path = f"{service.kube}/{cluster_id}"
        assert (await service.call("GET", path)).status == 200
        _, keys = await service.customer_of("zz9-local")
        foreign, none = (
            await service.call("GET", path, keys=keys),
            await service.call("GET", f"{path[:-1]}x", keys=keys),
        )
        assert foreign.status == none.status == 404
        ada = await persons.present(service, "viewer")
        assert (await ada.call("GET", f"/1.0{path}")).status == 200
        assert (await service.operator("POST", f"/native/people/{ada.id}/suspend")).status in (200, 403)

    serving.run(tmp_path, story)


class _Records:
    """As much of the records as is asked."""

    def __init__(self) -> None:
        self.written = 0

    @contextlib.contextmanager
    def following(self) -> Iterator[records.Reads]:
        reads, before = records.Reads(), self.written
        yield reads
        reads.seen = {"clusters": before}

    def unchanged(self, seen: Mapping[str, int]) -> bool:
        return seen == {"clusters": self.written}


def test_it_holds_no_more_than_it_may_and_forgets_what_was_asked_for_longest_ago() -> None:
    made: list[int] = []

    async def ask(answers: kept.KeptAnswers, key: int) -> bytes:
        async def make() -> Response:
            made.append(key)
            return Response(json.dumps([key] * 10))

        return bytes((await answers.answer(key, make)).body)

    async def story() -> None:
        answers = kept.KeptAnswers(_Records(), most_bytes=100)  # type: ignore[arg-type]
        for key in (1, 2, 3, 1, 4, 1, 2):
            assert json.loads(await ask(answers, key)) == [key] * 10
        assert made == [1, 2, 3, 4, 2]

    asyncio.run(story())


def test_what_was_written_to_while_it_was_made_is_made_anew() -> None:
    async def story() -> None:
        held = _Records()
        answers = kept.KeptAnswers(held)  # type: ignore[arg-type]
        count = 0

        async def make() -> Response:
            nonlocal count
            count += 1
            held.written += count == 1
            return Response(b"x")

        for _ in range(3):
            await answers.answer("key", make)
        assert count == 2

    asyncio.run(story())
