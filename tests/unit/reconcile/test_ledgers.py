"""The ledger of a service that lives: written with every wish, signed within the minute, read again, exported."""

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from steward.domain import actors, clusters, errors, projects
from steward.kit import bundles, notes
from steward.operations import checkpoints, orders
from steward.operations import clusters as clusters_
from steward.operations import ledgers as ledgers_
from steward.reconcile import ledgers as jobs
from tests.unit.reconcile import logs
from tests.unit.reconcile.sites import CUSTOMER, Site

Play = Callable[..., None]
STRANGER = actors.customer(projects.AccountId("zz9-local"))


def test_a_clusters_life_is_written_signed_exported_and_holds(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
        lines = await logs.exported(site)
        found = logs.judged(lines)
        assert found.holds, found.fault
        happened = logs.kinds(await logs.entries(site))
        assert (
            happened.index("cluster:ordered") < happened.index("cluster:installed") < happened.index("cluster:deleted")
        )
        assert found.entries == found.proven == len(happened)
        assert found.origin == f"steward.local/{logs.log(site)}"
        assert logs.judged(await logs.exported(site, actors.OPERATOR, own=True)).holds

    play(story)


def test_an_entry_stands_before_its_effect_and_a_refused_one_leaves_none(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.order(1)
        # Nothing of it is in the world yet, and it is written.
        assert clusters.ClusterId(cluster_id) not in site.world.places
        await logs.quiet(site)
        before = await logs.entries(site)
        assert {"cluster:ordered", "nodepool:ordered"} <= set(logs.kinds(before))
        bad = orders.ClusterOrder(region="NOWHERE", pools=[])
        with pytest.raises(errors.BadInput):
            await clusters_.create(site.context, CUSTOMER, project_id=site.project_id, order=bad)
        with pytest.raises(errors.NotFound):
            await clusters_.delete(site.context, STRANGER, project_id=site.project_id, cluster_id=cluster_id)
        assert await logs.entries(site) == before

    play(story)


def test_whatever_grew_is_signed_within_the_minute(play: Play) -> None:
    async def story(site: Site) -> None:
        await site.standing(1)
        for _ in range(5):
            await site.clock.sleep(45)
            async with site.records.read() as work:
                signed = await work.ledger.checkpoints(logs.log(site))
            old = [each for each in await logs.entries(site) if site.clock.now() - each.at > timedelta(seconds=60)]
            assert signed[-1].size >= len(old)
        # Only what grew is signed anew.
        assert len({each.size for each in signed}) == len({each.root for each in signed}) == len(signed)
        assert len(signed) <= len(await logs.entries(site))

    play(story)


def test_a_clock_that_goes_back_loses_nothing_and_is_said(play: Play) -> None:
    async def story(site: Site) -> None:
        await site.standing(1)
        size = len(await logs.entries(site))
        await site.clock.sleep(60)
        back = dataclasses.replace(site.context, clock=Shifted(site.clock, timedelta(days=-2)))
        order = orders.ClusterOrder(region="LOCAL1", pools=[])
        await clusters_.create(back, CUSTOMER, project_id=site.project_id, order=order)
        assert len(await logs.entries(site)) > size
        await ledgers_.checkpoint(back, CUSTOMER, project_id=site.project_id)
        found = logs.judged(await logs.exported(site))
        assert found.holds, found.fault
        assert found.clock_went_back
        assert any("clock went back" in each for each in found.remarks)

    play(story)


class Shifted:
    def __init__(self, clock: Any, by: timedelta) -> None:
        self._clock = clock
        self._by = by

    def now(self) -> Any:
        return self._clock.now() + self._by

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


def test_keys_rotate_by_hand_and_by_the_year(play: Play) -> None:
    async def story(site: Site) -> None:
        await site.standing(0)
        await site.clock.sleep(60)
        first = (await ledgers_.keys(site.context, CUSTOMER, project_id=site.project_id))[0]
        made = await checkpoints.rotate_key(site.context, actors.OPERATOR)
        assert made.public != first.public
        with pytest.raises(errors.Forbidden):
            await checkpoints.rotate_key(site.context, CUSTOMER)
        await site.order(0)
        later = dataclasses.replace(site.steward.services, clock=Shifted(site.clock, timedelta(days=366)))
        await jobs.renew_key(site.steward.services)
        await jobs.renew_key(later)
        await jobs.renew_key(later)
        known = await ledgers_.keys(site.context, CUSTOMER, project_id=site.project_id)
        assert [each.retired_at is None for each in known] == [False, False, True]
        async with site.records.read() as work:
            # What could still be signed with an old key cannot be any more.
            assert [await work.secrets.get(f"ledger-key:{each.id}", "private") is None for each in known] == [
                True,
                True,
                False,
            ]
        for own in (False, True):
            found = logs.judged(await logs.exported(site, actors.OPERATOR, own=own))
            assert found.holds, found.fault
            assert own or len(found.keys) == 3
        kept = notes.Key(name=first.origin(logs.log(site)), public=notes.decoded(first.public) or b"")
        assert logs.judged(await logs.exported(site), trusted=[kept]).holds

    play(story)


def test_a_log_that_begins_after_a_rotation_begins_with_the_new_key(play: Play) -> None:
    async def story(site: Site) -> None:
        await checkpoints.rotate_key(site.context, actors.OPERATOR)
        await site.order(0)
        found = logs.judged(await logs.exported(site))
        assert found.holds, found.fault
        assert len(found.keys) == 1

    play(story)


def test_erased_personal_values_are_gone_and_every_proof_holds(play: Play) -> None:
    async def story(site: Site) -> None:
        await site.standing(0)
        before = await ledgers_.checkpoint(site.context, CUSTOMER, project_id=site.project_id)
        await ledgers_.erase(site.context, CUSTOMER, project_id=site.project_id, index=0)
        await ledgers_.erase(site.context, CUSTOMER, project_id=site.project_id, index=0)
        lines = await logs.exported(site)
        assert logs.kinds(await logs.entries(site)).count("erasure") == 1
        first = bundles.read_entry(bundles.read_line(lines[1]))
        assert first.disclosed is None
        found = logs.judged(lines, saved=[notes.unverified(before.note)])
        assert found.holds, found.fault
        assert (found.erased, found.unexplained) == ([0], [])

    play(story)


def test_who_may_erase_what(play: Play) -> None:
    async def story(site: Site) -> None:
        await site.standing(0)
        contents = [json.loads(each.leaf) for each in await logs.entries(site)]
        of_customer = next(each["index"] for each in contents if each["facts"].get("type") == "cluster:ordered")
        of_provider = next(each["index"] for each in contents if each["facts"].get("type") == "cluster:installed")
        viewer = dataclasses.replace(CUSTOMER, role=actors.people.Role.ADMIN)
        with pytest.raises(errors.Forbidden):
            await ledgers_.erase(site.context, viewer, project_id=site.project_id, index=of_customer)
        with pytest.raises(errors.Forbidden):
            await ledgers_.erase(site.context, actors.OPERATOR, project_id=site.project_id, index=of_customer)
        with pytest.raises(errors.Forbidden, match="customer's personal values"):
            await ledgers_.erase_staff(site.context, actors.OPERATOR, project_id=site.project_id, index=of_customer)
        await ledgers_.erase_staff(site.context, actors.OPERATOR, project_id=site.project_id, index=of_provider)
        with pytest.raises(errors.NotFound):
            await ledgers_.erase(site.context, STRANGER, project_id=site.project_id, index=of_customer)
        with pytest.raises(errors.NotFound, match="There is no entry 999"):
            await ledgers_.erase(site.context, CUSTOMER, project_id=site.project_id, index=999)
        found = await logs.entries(site)
        assert found[of_customer].disclosed is not None
        assert found[of_provider].disclosed is None

    play(story)


def test_the_provider_gets_hashes_of_what_is_the_customers_alone(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await clusters_.edit(site.context, CUSTOMER, project_id=site.project_id, cluster_id=cluster_id, name="other")
        lines = await logs.exported(site, actors.OPERATOR)
        found = logs.judged(lines)
        assert found.holds, found.fault
        shown = [bundles.read_entry(bundles.read_line(each)) for each in lines if each.startswith(b'{"disclosed"')]
        withheld = [each for each in shown if each.leaf is None]
        assert found.withheld == len(withheld) > 0
        theirs = [json.loads(each.leaf or "")["activity"] for each in shown if each.leaf is not None]
        # To adapt the service is the customer's alone, to install it the provider's.
        assert "2.1-2" not in theirs
        assert "2.1-1" in theirs
        assert b"cluster:renamed" not in b"".join(lines)
        ours = logs.judged(await logs.exported(site))
        assert (ours.withheld, ours.entries) == (0, found.entries)

    play(story)


def test_the_provider_s_own_log_is_nobody_else_s(play: Play) -> None:
    async def story(site: Site) -> None:
        with pytest.raises(errors.NotFound):
            await logs.exported(site, CUSTOMER, own=True)
        with pytest.raises(errors.NotFound):
            await logs.exported(site, STRANGER)

    play(story)
