"""Random lives of the outbox: killed anywhere, with receivers that fail now and then. Every notice is delivered to
each way or given up, and says truly which."""

import asyncio
import contextlib
import random
import uuid
from collections.abc import Callable
from datetime import timedelta
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from steward.domain import errors, evidence, notices
from steward.operations import outbox
from tests import virtual
from tests.unit.reconcile import posts, stewards

HOOKS = ("https://one.example/", "https://two.example/")
MAILS = ("ann@example.org", "bob@example.org")
ADDRESSES = (*HOOKS, *MAILS)
SPANS = (timedelta(seconds=7), timedelta(minutes=3), timedelta(hours=2), timedelta(days=1), timedelta(days=5))
State, Channel = notices.State, notices.Channel


def _numbered() -> Callable[[], uuid.UUID]:
    numbers = random.Random(0)
    return lambda: uuid.UUID(int=numbers.getrandbits(128), version=4)


class OutboxLives(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.time = virtual.Time()
        self.ids = mock.patch("uuid.uuid4", _numbered())  # so that a life that failed can be lived again exactly
        self.ids.start()
        self.told: list[notices.Notice] = []

        async def open_() -> posts.Post:
            post = await posts.Post(self.time.clock).open()
            await post.webhook(HOOKS[0])
            await post.webhook(HOOKS[1], digest=True, least=notices.Severity.WARNING)
            await post.mail_to(MAILS[0])
            await post.mail_to(MAILS[1], digest=True)
            return post

        self.post = self.time.run(open_())

    @rule(what=st.sampled_from([posts.INFO, posts.WARNING, posts.URGENT]), count=st.sampled_from([1, 3, 15]))
    def tell(self, what: tuple[str, str], count: int) -> None:
        for _ in range(count):
            self.told.append(self.time.run(self.post.tell(what, f"notice {len(self.told)} of it")))

    @rule(span=st.sampled_from(SPANS))
    def wait(self, span: timedelta) -> None:
        self.time.run(self.post.pass_time(span))

    @rule(gates=st.integers(0, 40))
    def killed_in_a_round(self, gates: int) -> None:
        async def story() -> None:
            left = [gates]

            def on_gate() -> None:
                left[0] -= 1
                if left[0] < 0:
                    self.post.life.end()

            self.post.life.on_gate = on_gate
            self.post.round = asyncio.ensure_future(self.post.deliverer.round())
            await asyncio.wait([self.post.round])
            with contextlib.suppress(stewards.Killed, asyncio.CancelledError):
                self.post.round.result()
            await self.post.kill()

        self.time.run(story())

    @rule(seconds=st.sampled_from([0.0, 0.2, 5.0]))
    def stopped_in_a_round(self, seconds: float) -> None:
        """An orderly end: the engine cancels."""

        async def story() -> None:
            round_ = asyncio.ensure_future(self.post.deliverer.round())
            await self.time.clock.sleep(seconds)
            round_.cancel()
            await asyncio.gather(round_, return_exceptions=True)

        self.time.run(story())

    @rule(address=st.sampled_from(ADDRESSES), how=st.sampled_from(["fine", "failing", "gone", "slow"]))
    def receiver(self, address: str, how: str) -> None:
        way = self.post.outside.way(address)
        way.failing = "It answered 500" if how == "failing" else ""
        way.gone = how == "gone"
        way.seconds = 8.0 if how == "slow" else 0.0

    def teardown(self) -> None:
        if not hasattr(self, "post"):
            return
        try:
            for way in self.post.outside.ways.values():
                way.failing, way.gone, way.seconds = "", False, 0.0
            self.time.run(self.post.pass_time(posts.ALL_OVER))
            self.time.run(self._judge())
        finally:
            self.ids.stop()
            self.time.close()

    async def _judge(self) -> None:
        found = [each for each in await self.post.deliveries() if each.party == errors.CUSTOMER]
        assert not [each for each in found if each.state is State.PENDING]
        for notice in self.told:
            wanted = [*ADDRESSES[:1], *ADDRESSES[2:]] + ([HOOKS[1]] if notice.severity != notices.Severity.INFO else [])
            holding = [each for each in found if notice.id in each.notices]
            assert sorted(each.address for each in holding) == sorted(["", *wanted])
        for each in found:
            if each.channel is not Channel.INBOX:
                self._judge_message(each)
        await self._judge_given_up(found)
        await self._judge_receipts(found)

    def _judge_message(self, delivery: notices.Delivery) -> None:
        got = [each.content for each in self.post.outside.at(delivery.address) if each.message_id == delivery.id]
        assert len(set(got)) <= 1, "two messages with one id"
        if delivery.state is State.DELIVERED:
            assert got, "held for delivered, and nobody took it"
            assert delivery.id in delivery.receipt
            texts = {each.id: each.text for each in self.told}
            assert all(texts[each] in got[0] for each in delivery.notices)
        else:
            assert delivery.last_error
            assert not delivery.receipt

    async def _judge_given_up(self, found: list[notices.Delivery]) -> None:
        """Said as often as it happened: in the log and to the provider."""
        to_provider = [each for each in await self.post.told(errors.PROVIDER) if each.type == notices.GIVEN_UP]
        log = self.post.records.kept["ledger"].get(f"project-{posts.PROJECT}", [])
        written = [each for each in log if each.kind == "event" and each.facts["type"] == notices.GIVEN_UP]
        over = [each for each in found if each.state is State.GIVEN_UP and each.channel is not Channel.INBOX]
        for said in (
            sum(int(each.facts["notices"]) for each in to_provider if each.facts["channel"] != Channel.INBOX),
            sum(int(each.facts["notices"]) for each in written if each.facts["channel"] != Channel.INBOX),
        ):
            assert said == sum(len(each.notices) for each in over)

    async def _judge_receipts(self, found: list[notices.Delivery]) -> None:
        had = {notice for each in found if each.state is State.DELIVERED for notice in each.notices}
        receipts = await self.post.receipts()
        assert {each.id for each in receipts} == {each.id for each in self.told}
        assert {each.id for each in receipts if each.received_at is not None} == had
        for activity in {each.activity for each in self.told}:
            row = [each for each in receipts if each.activity == activity][-outbox.LOOKED_AT :]
            whole = all(each.received_at is not None for each in row)
            proof = await self.post.evidence(activity)
            assert proof.outcome is (evidence.Outcome.PROVEN if whole else evidence.Outcome.BREACHED)


QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]
TestOutboxLives = OutboxLives.TestCase
TestOutboxLives.settings = settings(
    max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=QUIET, derandomize=True
)


class LongOutboxLives(OutboxLives):
    pass


TestLongOutboxLives = pytest.mark.soak(LongOutboxLives.TestCase)
TestLongOutboxLives.settings = settings(
    max_examples=300, stateful_step_count=60, deadline=None, suppress_health_check=QUIET
)
