"""Whatever customers ask for and whatever breaks, in any order: in the end all is as ordered.

A state machine plays customer and fate at once, with a steward that is killed again and again. It keeps its own
simple account of what was ordered; records, world and answers must come to agree with it and with each other.
"""

import contextlib
import random
import tempfile
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
import pytest
from hypothesis import strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from steward.domain import errors, quotas
from steward.operations import quotas as quotas_
from steward.ports.control_planes import Part
from tests import virtual
from tests.unit.reconcile import agreements, ears, sites

MOST_CLUSTERS = 3
PICK = strategies.integers(0, 11)
SIZE = strategies.integers(0, 3)
REFUSALS = (errors.Conflict, errors.NotFound, errors.BadInput)  # what a customer may be told at a wrong moment


class Lives(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()
        folder = tempfile.TemporaryDirectory(prefix="steward-lives-", dir=ears.forgetful_disk())
        self._folder = Path(self._stack.enter_context(folder))
        self._errors = self._stack.enter_context(ears.open_for_errors())
        self._stack.enter_context(_same_ids_each_time())
        self._time = virtual.Time()
        self._stack.callback(self._time.close)
        self.ordered: dict[str, dict[str, int]] = {}  # sizes of pools of clusters
        self._named = 0
        self.site = self._time.run(GROUND.site(self._time.clock, folder=self._folder))
        self._time.run(self.site.begin())

    def play(self, story: Coroutine[Any, Any, Any]) -> Any:
        """Something happens; a steward that died of it is followed by the next."""

        async def whole() -> Any:
            await self.site.revive()  # what ran on while the last story ended may have been its death
            result = await story
            await self.site.revive()
            return result

        return self._time.run(whole())

    @precondition(lambda self: len(self.ordered) < MOST_CLUSTERS)
    @rule(sizes=strategies.lists(SIZE, max_size=2), version=strategies.sampled_from([None, "1.36"]))
    def order(self, sizes: list[int], version: str | None) -> None:
        async def story() -> None:
            try:
                cluster_id = await self.site.order(*sizes, version=version)
            except errors.QuotaExceeded:
                # It counts those that are on their way out as well.
                async with self.site.records.read() as work:
                    assert len(await work.clusters.all()) == quotas_.defaults()[quotas.Resource.CLUSTERS]
                return
            self.ordered[cluster_id] = {pool.id: pool.desired for pool in await self.site.pools(cluster_id)}

        self.play(story())

    @precondition(lambda self: self.ordered)
    @rule(cluster=PICK, size=SIZE)
    def order_pool(self, cluster: int, size: int) -> None:
        cluster_id = self._cluster(cluster)
        self._named += 1

        async def story() -> None:
            with contextlib.suppress(*REFUSALS):
                pool_id = await self.site.order_pool(cluster_id, f"another-{self._named}", size)
                self.ordered[cluster_id][pool_id] = size

        self.play(story())

    @precondition(lambda self: any(self.ordered.values()))
    @rule(pool=PICK, size=SIZE)
    def resize(self, pool: int, size: int) -> None:
        cluster_id, pool_id = self._pool(pool)

        async def story() -> None:
            with contextlib.suppress(*REFUSALS):
                await self.site.resize(cluster_id, pool_id, size)
                self.ordered[cluster_id][pool_id] = size

        self.play(story())

    @precondition(lambda self: any(self.ordered.values()))
    @rule(pool=PICK)
    def delete_pool(self, pool: int) -> None:
        cluster_id, pool_id = self._pool(pool)

        async def story() -> None:
            with contextlib.suppress(*REFUSALS):
                await self.site.delete_pool(cluster_id, pool_id)
                del self.ordered[cluster_id][pool_id]

        self.play(story())

    @precondition(lambda self: any(self.ordered.values()))
    @rule(cluster=PICK, node=PICK)
    def delete_node(self, cluster: int, node: int) -> None:
        cluster_id = self._cluster(cluster)

        async def story() -> None:
            members = [each for each in await self.site.nodes(cluster_id) if not each.deleting]
            if not members:
                return
            chosen = members[node % len(members)]
            before = await self._desired(cluster_id, chosen.nodepool_id)
            with contextlib.suppress(*REFUSALS):
                await self.site.delete_node(cluster_id, chosen.id)
            # One that a resizing has chosen meanwhile is leaving already, and nothing more is asked for.
            fewer = before - await self._desired(cluster_id, chosen.nodepool_id)
            assert fewer in (0, 1)
            if fewer:
                self.ordered[cluster_id][chosen.nodepool_id] -= 1

        self.play(story())

    async def _desired(self, cluster_id: str, pool_id: str) -> int:
        """0 where the pool is gone."""
        return next((each.desired for each in await self.site.pools(cluster_id) if each.id == pool_id), 0)

    @precondition(lambda self: self.ordered)
    @rule(cluster=PICK, strategy=strategies.sampled_from(["LATEST_PATCH", "NEXT_MINOR"]))
    def update(self, cluster: int, strategy: str) -> None:
        self._ask(lambda cluster_id: self.site.update(cluster_id, strategy), cluster)

    @precondition(lambda self: self.ordered)
    @rule(cluster=PICK)
    def reset_kubeconfig(self, cluster: int) -> None:
        self._ask(self.site.reset_kubeconfig, cluster)

    @precondition(lambda self: self.ordered)
    @rule(cluster=PICK, seconds=strategies.integers(31, 33))
    def customize(self, cluster: int, seconds: int) -> None:
        wish = {"iptables": {"syncPeriod": f"PT{seconds}S"}}
        self._ask(lambda cluster_id: self.site.customize(cluster_id, kubeProxy=wish), cluster)

    @precondition(lambda self: self.ordered)
    @rule(cluster=PICK, workers=strategies.sampled_from(["delete", "reinstall"]))
    def reset(self, cluster: int, workers: str) -> None:
        cluster_id = self._cluster(cluster)

        async def story() -> None:
            with contextlib.suppress(*REFUSALS):
                await self.site.reset(cluster_id, workers=workers)
                if workers == "delete":
                    self.ordered[cluster_id] = dict.fromkeys(self.ordered[cluster_id], 0)

        self.play(story())

    def _ask(self, act: Callable[[str], Coroutine[Any, Any, None]], cluster: int) -> None:
        cluster_id = self._cluster(cluster)

        async def story() -> None:
            with contextlib.suppress(*REFUSALS):
                await act(cluster_id)

        self.play(story())

    @precondition(lambda self: self.ordered)
    @rule(cluster=PICK)
    def delete(self, cluster: int) -> None:
        cluster_id = self._cluster(cluster)
        self.play(self.site.delete(cluster_id))
        del self.ordered[cluster_id]

    @rule(seconds=strategies.sampled_from([0.01, 0.3, 1.0, 3.0, 7.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.play(self.site.clock.sleep(seconds))

    @rule(crossings=strategies.integers(1, 60))
    def kill_soon(self, crossings: int) -> None:
        """The steward dies at its so-manieth crossing from now."""
        life = self.site.steward.life
        left = [crossings]

        def gate() -> None:
            left[0] -= 1
            if left[0] == 0:
                life.end()

        life.on_gate = gate

    @rule()
    def kill_now(self) -> None:
        self.play(self.site.restart())

    @rule()
    def lose_the_host(self) -> None:
        async def story() -> None:
            await self.site.kill()
            self.site.faults.lose_host()

        self.play(story())

    @precondition(lambda self: self.site.world.places)
    @rule(cluster=PICK, part=strategies.sampled_from(list(Part)))
    def kill_part(self, cluster: int, part: Part) -> None:
        self._break(cluster, lambda cluster_id: self.site.faults.kill_part(cluster_id, part))

    @precondition(lambda self: any(place.boxes for place in self.site.world.places.values()))
    @rule(cluster=PICK, node=PICK)
    def kill_machine(self, cluster: int, node: int) -> None:
        def fault(cluster_id: str) -> None:
            boxes = list(self.site.world.places[cluster_id].boxes)
            if boxes:
                self.site.faults.kill_machine(cluster_id, boxes[node % len(boxes)])

        self._break(cluster, fault)

    @precondition(lambda self: self.site.world.places)
    @rule(cluster=PICK, factor=strategies.sampled_from([0.1, 5.0]))
    def slow(self, cluster: int, factor: float) -> None:
        self._break(cluster, lambda cluster_id: self.site.faults.slow(cluster_id, factor))

    @precondition(lambda self: self.site.world.places)
    @rule(cluster=PICK)
    def mute(self, cluster: int) -> None:
        self._break(cluster, self.site.faults.mute)

    @precondition(lambda self: self.site.world.places)
    @rule(cluster=PICK, part=strategies.sampled_from(list(Part)))
    def refuse(self, cluster: int, part: Part) -> None:
        self._break(cluster, lambda cluster_id: self.site.faults.refuse(cluster_id, part, "permission denied"))

    @rule()
    def settle(self) -> None:
        """Fate rests; everything must come to its right end."""

        async def story() -> None:
            self.site.steward.life.on_gate = lambda: None
            for cluster_id in list(self.site.world.places):
                self.site.faults.mend(cluster_id)
            await self.site.settled()
            stored = await self.site.stored()
            assert {each.id for each in stored.clusters} == set(self.ordered)
            pools = {each.id: each.desired for each in stored.pools}
            assert pools == {pool: size for sizes in self.ordered.values() for pool, size in sizes.items()}

        self.play(story())

    @invariant()
    def no_surprise(self) -> None:
        assert not self._errors, ears.said(self._errors)

    @invariant()
    def all_agree(self) -> None:
        found = self._time.run(agreements.broken(self.site, self.ordered))
        assert not found, "\n".join(found)

    def teardown(self) -> None:
        try:
            self.settle()
            for cluster_id in list(self.ordered):
                self.play(self.site.delete(cluster_id))
            self.ordered.clear()
            self.settle()
            assert self.site.world.places == {}
            self.no_surprise()
        finally:
            self._time.run(self._end())
            self._stack.close()

    async def _end(self) -> None:
        await self.site.steward.kill()
        await self.site.records.close()

    def _break(self, cluster: int, fault: Any) -> None:
        async def story() -> None:
            places = list(self.site.world.places)
            fault(places[cluster % len(places)])

        self.play(story())

    def _cluster(self, number: int) -> str:
        return list(self.ordered)[number % len(self.ordered)]

    def _pool(self, number: int) -> tuple[str, str]:
        pools = [(cluster_id, pool_id) for cluster_id, sizes in self.ordered.items() for pool_id in sizes]
        return pools[number % len(pools)]


@contextlib.contextmanager
def _same_ids_each_time() -> Iterator[None]:
    """So that a life that failed can be lived again exactly."""
    numbers = random.Random(0)

    def next_id() -> uuid.UUID:
        return uuid.UUID(int=numbers.getrandbits(128), version=4)

    with mock.patch("uuid.uuid4", next_id):
        yield


GROUND = sites.Ground()


def settings(examples: int, steps: int) -> hypothesis.settings:
    return hypothesis.settings(
        derandomize=examples < 100,  # the same lives each time but for the longest form, which looks for new ones
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=True,
        database=None,
    )


class TestShortLives(Lives.TestCase):  # type: ignore[misc]  # the class is made by hypothesis at run time
    settings = settings(8, 15)


@pytest.mark.campaign
class TestLives(Lives.TestCase):  # type: ignore[misc]
    settings = settings(40, 30)


@pytest.mark.soak
@pytest.mark.timeout(7200)
class TestLongLives(Lives.TestCase):  # type: ignore[misc]
    settings = settings(500, 80)
