"""A post office for one test: notices in memory, deliverers that can be killed, receivers as the test wants them."""

import asyncio
import json
import types
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

from steward.domain import errors, notices, people, projects
from steward.operations import outbox, webhooks
from steward.ports import records as records_
from steward.reconcile import notices as deliveries_
from steward.reconcile.services import Services
from tests import fakes, messengers, virtual
from tests.unit.reconcile import stewards

PROJECT = projects.ProjectId("0" * 32)
ACCOUNT = projects.AccountId("ab1-local")
INFO, WARNING, URGENT = (
    ("2.1-1", "cluster:installed"),
    ("3.2.2-1", "maintenance:announced"),
    ("3.2.1-2", "incident:opened"),
)
ALL_OVER = timedelta(days=12)  # the longest deadline, the patience after it, and the last pause


class OneAtATime(fakes.Records):
    """Writers wait for each other, as in a database."""

    def __init__(self) -> None:
        super().__init__()
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[records_.Work]:
        async with self._writing, super().begin() as work:
            yield work


class Post:
    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.records = OneAtATime()
        self.outside = messengers.Outside(clock)
        self.hooks = messengers.Webhooks(self.outside)
        self.life = stewards.Life()
        self.round: asyncio.Task[None] | None = None
        self.deliverer = self.born()

    def born(self) -> deliveries_.Deliverer:
        """A process: after a kill a new one, which remembers nothing."""
        self.life = stewards.Life()
        services = types.SimpleNamespace(
            records=stewards.GatedRecords(self.records, self.life),
            clock=self.clock,
            mail=stewards.Gated(messengers.Mail(self.outside), self.life),
            webhooks=stewards.Gated(self.hooks, self.life),
        )
        self.services = cast(Services, services)
        self.deliverer = deliveries_.Deliverer(self.services)
        return self.deliverer

    async def open(self) -> "Post":
        async with self.records.begin() as work:
            await work.projects.save(
                projects.Project(
                    id=PROJECT,
                    account=ACCOUNT,
                    description="",
                    status=projects.Status.OK,
                    created_at=self.clock.now(),
                )
            )
        return self

    async def person(self, email: str, role: people.Role = people.Role.ADMIN, **fields: Any) -> people.Person:
        account = ACCOUNT if role.party == errors.CUSTOMER else None
        made = people.Person(
            id=people.PersonId(str(uuid.uuid4())),
            email=email,
            name=email,
            role=role,
            account=account,
            created_at=self.clock.now(),
            **{"status": people.Status.ACTIVE, **fields},
        )
        async with self.records.begin() as work:
            await work.people.put(made)
        return made

    async def mail_to(self, email: str, role: people.Role = people.Role.ADMIN, **fields: Any) -> people.Person:
        person = await self.person(email, role)
        async with self.records.begin() as work:
            await work.preferences.put(
                notices.Preference(
                    id=person.id,
                    party=person.party,
                    person_id=person.id,
                    channel=notices.Channel.MAIL,
                    created_at=self.clock.now(),
                    **fields,
                )
            )
        return person

    async def webhook(self, url: str, **fields: Any) -> notices.Preference:
        made = notices.Preference(
            id=str(uuid.uuid4()),
            party=errors.CUSTOMER,
            project_id=PROJECT,
            channel=notices.Channel.WEBHOOK,
            address=url,
            created_at=self.clock.now(),
            **fields,
        )
        async with self.records.begin() as work:
            await work.preferences.put(made)
            await work.secrets.put(made.id, webhooks.SECRET, notices.made_secret().encode())
        return made

    async def tell(self, what: tuple[str, str] = INFO, text: str = "It is done") -> notices.Notice:
        activity, type_ = what
        news = outbox.News(
            at=self.clock.now(),
            activity=activity,
            type=type_,
            text=text,
            acted=errors.PROVIDER,
            project_id=PROJECT,
            subject=f"project:{PROJECT}",
        )
        async with self.records.begin() as work:
            (notice,) = await outbox.inform(work, news)
        return notice

    async def pass_time(self, span: timedelta, *, every: timedelta = timedelta(seconds=5)) -> None:
        """Rounds as the engine makes them; of long spans only those at which something is due."""
        end = self.clock.now() + span
        while True:
            await self.deliverer.round()
            await deliveries_.note_missed(self.services)
            now = self.clock.now()
            if now >= end:
                return
            due = [each.next_at for each in await self.deliveries() if each.state is notices.State.PENDING]
            due += [each.due_at for each in await self.receipts() if each.received_at is None and not each.missed]
            soonest = max(now + every, min([*due, end]))
            await self.clock.sleep((min(soonest, end) - now).total_seconds())

    async def kill(self) -> None:
        """Wherever it is."""
        self.life.end()
        if self.round is not None:
            self.round.cancel()
            await asyncio.gather(self.round, return_exceptions=True)
            self.round = None
        self.born()

    async def deliveries(self, channel: notices.Channel | None = None) -> list[notices.Delivery]:
        async with self.records.read() as work:
            found = await work.deliveries.all()
        return [each for each in found if channel in (None, each.channel)]

    async def sent(self, address: str) -> list[notices.Delivery]:
        return [each for each in await self.deliveries() if each.address == address]

    async def told(self, party: str = errors.CUSTOMER) -> list[notices.Notice]:
        async with self.records.read() as work:
            return [each for each in await work.notices.all() if each.party == party]

    async def receipts(self) -> list[notices.Receipt]:
        async with self.records.read() as work:
            return list(await work.receipts.all())

    async def evidence(self, activity: str) -> Any:
        async with self.records.read() as work:
            return await work.evidence.get(f"{activity}/project:{PROJECT}/{outbox.COLLECTOR}")

    def texts(self, address: str) -> Iterator[list[str]]:
        """Of each message that a webhook got, the notices in it."""
        for each in self.outside.at(address):
            yield [notice["text"] for notice in json.loads(each.content)["notices"]]


def play(story: Any) -> None:
    """A story in virtual time, at a post office of its own."""

    async def whole(clock: virtual.VirtualClock) -> None:
        await story(await Post(clock).open())

    virtual.run(whole)
