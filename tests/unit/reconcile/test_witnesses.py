"""Checkpoints that are handed to a customer's webhook, and what is known of those that did not arrive."""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from steward.domain import errors, notices, projects
from steward.kit import notes
from steward.operations import ledgers as ledgers_
from steward.operations import webhooks
from steward.ports import messengers
from steward.reconcile import ledgers as jobs
from tests.unit.reconcile import logs
from tests.unit.reconcile.sites import CUSTOMER, Site

Play = Callable[..., None]


class Ears:
    """A customer's webhook; deaf while `fails`."""

    def __init__(self) -> None:
        self.fails = False
        self.heard: list[tuple[str, Mapping[str, Any]]] = []
        self.tried = 0

    def check(self, url: str) -> None:
        """Any will do."""

    async def send(self, url: str, secret: str, message_id: str, type: str, payload: Mapping[str, Any]) -> str:
        assert (url, secret, type) == ("https://example.org/hook", "whsec_x", "ledger.checkpoint")
        self.tried += 1
        await asyncio.sleep(0)
        if self.fails:
            raise messengers.NotSent("it answered 500")
        self.heard.append((message_id, payload))
        return f"204 {message_id}"


async def listening(site: Site, *, wants: bool = True) -> notices.Preference:
    preference = notices.Preference(
        id=f"{int(wants)}" * 8,
        party=errors.CUSTOMER,
        project_id=projects.ProjectId(site.project_id),
        channel=notices.Channel.WEBHOOK,
        address="https://example.org/hook",
        checkpoints=wants,
        created_at=site.clock.now(),
    )
    async with site.records.begin() as work:
        await work.preferences.put(preference)
        await work.secrets.put(preference.id, webhooks.SECRET, b"whsec_x")
    return preference


def test_checkpoints_reach_the_webhook_that_asked_for_them_and_stay_known(play: Play) -> None:
    async def story(site: Site) -> None:
        ears = Ears()
        await site.standing(0)
        held = dataclasses.replace(await logs.quiet(site), webhooks=ears)
        pusher = jobs.Pusher(held)
        await listening(site)
        await listening(site, wants=False)
        await pusher.push(await jobs.sign_grown(held))
        ((_, payload),) = ears.heard
        signed = notes.opened_checkpoint(payload["note"], notes.read_key(payload["key"]))
        assert signed.size == payload["size"] == len(await logs.entries(site))
        state = await ledgers_.state(site.context, CUSTOMER, project_id=site.project_id)
        assert [each.size for each in state.witnesses] == [signed.size]
        assert state.witnesses[0].receipt.startswith("204")
        await pusher.push(await jobs.sign_grown(held))
        assert len(ears.heard) == 1

        ears.fails = True
        await site.order(0)
        await pusher.push(await jobs.sign_grown(held))
        await pusher.push([])
        (witness,) = (await ledgers_.state(site.context, CUSTOMER, project_id=site.project_id)).witnesses
        assert witness.failed_since is not None
        assert witness.last_error == "it answered 500"
        assert witness.size == signed.size
        tried = ears.tried
        for _ in range(360):
            await site.clock.sleep(20)
            await pusher.push([])
        assert 5 < ears.tried - tried < 30
        ears.fails = False
        await site.clock.sleep(900)
        await pusher.push([])
        (witness,) = (await ledgers_.state(site.context, CUSTOMER, project_id=site.project_id)).witnesses
        assert (witness.failed_since, witness.size) == (None, len(await logs.entries(site)))
        # A successor does not know what was sent, and finds out without sending it again.
        await jobs.Pusher(held).push([])
        assert len(ears.heard) == 2

    play(story)
