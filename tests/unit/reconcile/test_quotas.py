"""Asking for more quota, proven and breached: who asked (3.2.2-3), decided in time and applied (3.2.2-4)."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

from steward.domain import actors, projects, quotas
from steward.operations import quotas as quotas_
from steward.reconcile.evidence import quotas as looks
from steward.responsibility.coverage import State
from tests.unit.reconcile import lives
from tests.unit.reconcile.sites import CUSTOMER, Site

Play = Callable[..., None]


async def state(site: Site, cluster_id: str, row: str) -> State:
    await site.clock.sleep(looks.EVERY + 60)
    await lives.read_all(site)
    return (await lives.row(site, cluster_id, row)).row.state


async def asked(site: Site, **wanted: int) -> quotas.Request:
    wish = quotas_.Wish(wanted=wanted, reason="Sales")
    return await quotas_.request(site.context, CUSTOMER, project_id=site.project_id, wish=wish)


def test_asking_and_granting_are_proven(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        assert await state(site, cluster_id, looks.ASK) is State.NOT_APPLICABLE
        assert await state(site, cluster_id, looks.APPLY) is State.PROVEN, "by the pool that was delivered"
        request = await asked(site, instances=900)
        assert await state(site, cluster_id, looks.ASK) is State.PROVEN
        assert await state(site, cluster_id, looks.APPLY) is State.UNKNOWN, "it waits for the decision"
        await quotas_.grant(site.context, actors.OPERATOR, project_id=site.project_id, request_id=request.id)
        assert await state(site, cluster_id, looks.APPLY) is State.PROVEN
        await site.kill()
        await site.clock.sleep(2 * 86_400)
        for row in (looks.ASK, looks.APPLY):
            assert (await lives.row(site, cluster_id, row)).row.state is State.STALE
        await site.begin()

    play(story)


def test_a_request_that_waits_too_long_is_a_breach(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        request = await asked(site, instances=900)
        await site.kill()
        await site.clock.sleep((quotas.DECIDED_WITHIN + timedelta(minutes=1)).total_seconds())
        await site.begin()
        assert await state(site, cluster_id, looks.APPLY) is State.BREACHED
        await quotas_.grant(site.context, actors.OPERATOR, project_id=site.project_id, request_id=request.id)
        assert await state(site, cluster_id, looks.APPLY) is State.BREACHED, "a late decision was late"

    play(story)


def test_a_quota_that_was_not_granted_is_a_breach(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        own = quotas.Quota(
            project_id=projects.ProjectId(site.project_id),
            granted={quotas.Resource.INSTANCES: 5},
            request_id="",
            changed_at=site.clock.now(),
        )
        async with site.records.begin() as work:
            await work.quotas.put(own)
        assert await state(site, cluster_id, looks.APPLY) is State.BREACHED

    play(story)


def test_a_request_of_the_provider_in_the_customers_name_is_a_breach(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        request = await asked(site, instances=900)
        async with site.records.begin() as work:
            await work.quota_requests.put(dataclasses.replace(request, party="provider"))
        assert await state(site, cluster_id, looks.ASK) is State.BREACHED
        lent = dataclasses.replace(request, party="provider", delegation="d" * 8)
        async with site.records.begin() as work:
            await work.quota_requests.put(lent)
        assert await state(site, cluster_id, looks.ASK) is State.PROVEN

    play(story)
