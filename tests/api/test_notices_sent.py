"""A whole service in real time: an order's notices arrive at a real mail server and at a real receiver that fails."""

import asyncio
import email
import email.policy
import ipaddress
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks

from steward.bootstrap import service
from steward.domain import actors, people, projects
from steward.domain import notices as notices_
from steward.operations import clusters as clusters_
from steward.operations import notices, orders, preferences, webhooks
from steward.operations import projects as projects_
from steward.settings import Settings
from tests import virtual
from tests.unit.outside import test_mail as mails
from tests.unit.outside import test_webhooks as hooks

pytestmark = pytest.mark.loopback

ACCOUNT = projects.AccountId("ab1-local")


async def member(running: service.Running, address: str) -> actors.Actor:
    person = people.Person(
        id=people.PersonId(str(uuid.uuid4())),
        email=address,
        name="Ann",
        role=people.Role.OWNER,
        account=ACCOUNT,
        status=people.Status.ACTIVE,
        created_at=running.context.clock.now(),
    )
    async with running.context.records.begin() as work:
        await work.people.put(person)
    return actors.person(person)


def words(found: Any) -> list[str]:
    message = email.message_from_bytes(found[1].content, policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    return [message["Subject"], message["To"], message.get_content()]


def test_an_installed_cluster_is_told_and_its_receipts_prove_it(tmp_path: Path) -> None:
    async def story() -> None:
        mailbox, receiver = mails.Handler(), hooks.Receiver()
        receiver.answers = ["503 Busy\r\n"]
        async with mails.served(mailbox) as smtp_port, hooks.served(receiver) as hook_port:
            settings = Settings(
                state=tmp_path / "state",
                runtime="simulated",
                smtp_url=f"smtp://127.0.0.1:{smtp_port}?tls=none",  # type: ignore[arg-type]  # pydantic's to convert
                mail_from="notices@steward.example",
                webhook_networks=[ipaddress.IPv4Network("127.0.0.1/32")],
            )
            async with service.running(settings) as running:
                await told(running, mailbox, receiver, f"http://127.0.0.1:{hook_port}/")

    asyncio.run(story())


async def told(running: service.Running, mailbox: mails.Handler, receiver: hooks.Receiver, url: str) -> None:
    context = running.context
    project = await projects_.create(context, actors.OPERATOR, account=ACCOUNT)
    ann = await member(running, "ann@example.org")
    await preferences.set_(context, ann, preferences.Wanted(on=True))
    hook, secret = await webhooks.create(context, ann, project_id=project.id, wanted=webhooks.Wanted(url=url))
    tried = await webhooks.try_out(context, ann, project_id=project.id, webhook_id=hook.id)
    assert tried == webhooks.Tried(arrived=False, answer="It answered 503")
    receiver.answers = ["500 Broken\r\n"]  # the first attempt of the first notice
    view = await clusters_.create(context, ann, project_id=project.id, order=orders.ClusterOrder(region="LOCAL1"))
    subject = f"cluster:{view.cluster.id}"

    async def received() -> bool:
        async with context.records.read() as work:
            found = await notices.informed(work, "2.1-1", subject)
            every = [each for each in await work.deliveries.all() if each.channel is not notices_.Channel.INBOX]
        return found.proven and all(each.state is notices_.State.DELIVERED for each in every)

    await virtual.eventually(context.clock, received, within=60, every=0.5, what="all receipts")
    subjects = [words(each)[0] for each in mailbox.kept]
    assert "[steward] Your cluster is installed" in subjects
    assert {words(each)[1] for each in mailbox.kept} == {"ann@example.org"}
    got = [
        (headers["webhook-id"], standardwebhooks.Webhook(secret).verify(body, headers))
        for _, headers, body in receiver.got
    ]
    types = [each["type"] for _, each in got]
    assert "cluster:installed" in types
    assert len(got) == len({message_id for message_id, _ in got}) + 1  # the one that failed came twice
    installed = next(each for _, each in got if each["type"] == "cluster:installed")
    assert installed["data"]["notices"][0]["cluster"] == view.cluster.id
    assert secret not in json.dumps(got)
