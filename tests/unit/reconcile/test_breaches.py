"""What turns rows breached: the world is made otherwise than it has to be, and the collectors see it."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from steward.domain import clusters, events, evidence, nodepools
from steward.ports import advisories
from steward.reconcile.evidence import ends, sizes
from steward.responsibility import audit_rules, evidence_rules
from steward.responsibility.coverage import State
from tests import virtual
from tests.unit.reconcile import breaches, lives, test_audits
from tests.unit.reconcile.sites import Site

pytestmark = pytest.mark.campaign  # hours of virtual time for each row

Play = Callable[..., None]
LONG = 4000.0  # seconds: every collector has its round, and every promise of half an hour is over


# Of these nothing that happens inside makes a breach: a person's word that ends, a report of what was once delivered,
# an act of the customer's that is there or not. `test_evidence` shows each of them stale.
NEVER_BROKEN = {"1.1-5", "2.1-1", "2.2-1", "3.1.3-5", "3.1.6-3", "3.1.7-3", "4.1-2", "4.2-2"}
BELOW = {"3.2.1-3", "5.1-1", "5.1-2", "5.2-1", "5.2-3"}  # with tests of their own in this file


def test_every_carried_row_is_here() -> None:
    carried = {each.activity for each in evidence_rules.RULES.values() if each.carried}
    assert carried == {*breaches.BREAKS, *NEVER_BROKEN, *BELOW}


@pytest.mark.parametrize("activity", sorted(breaches.BREAKS))
def test_it_is_breached(play: Play, activity: str) -> None:
    async def story(site: Site) -> None:
        cluster_id = await test_audits.proven(site, 1)
        await site.standing(0)
        await site.clock.sleep(60)
        assert (await lives.row(site, cluster_id, activity)).row.state is not State.BREACHED
        await breaches.BREAKS[activity](site, cluster_id)

        async def seen() -> bool:
            return (await lives.row(site, cluster_id, activity)).row.state is State.BREACHED

        await site.clock.until(seen, within=LONG, every=30, what=f"the breach of {activity}")

    play(story)


def test_a_credential_that_nobody_registered_breaches_the_providers_access(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await test_audits.proven(site, 1)
        await breaches.stranger(site, cluster_id)
        await test_audits.until(site, cluster_id, test_audits.BREACHED, audit_rules.CREDENTIALS)
        assert (await lives.row(site, cluster_id, "3.1.2-2")).row.state is State.BREACHED

    play(story)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda faults: setattr(faults, "distrust", "another authority"), "another authority"),
        (lambda faults: setattr(faults, "old_protocol", True), "before TLS 1.2"),
        (lambda faults: faults.unnamed.append("{address}"), "does not stand in the certificate"),
    ],
)
def test_a_server_that_meets_callers_wrongly(play: Play, change: Callable[[Any], None], said: str) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        with site.world.changing(cluster_id) as place:
            change(place.faults)
            address = str(site.steward.services.plan.cluster(cluster.slot).api_address)
            place.faults.unnamed = [each.format(address=address) for each in place.faults.unnamed]
        await site.clock.sleep(400)
        row = (await lives.row(site, cluster_id, "3.1.5-4")).row
        assert row.state is State.BREACHED
        assert said in row.reason

    play(story)


def test_an_incident_that_lasts_too_long_breaches_the_intervening(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        site.faults.mute(cluster_id)
        await site.clock.sleep(200)
        await site.kill()
        await site.clock.sleep(5 * 3600)
        await site.begin()
        await site.clock.sleep(200)
        row = (await lives.row(site, cluster_id, "3.2.1-3")).row
        assert row.state is State.BREACHED
        assert "4 hours" in row.reason

    play(story)


def test_a_deletion_that_leaves_something_does_not_end_and_becomes_a_breach(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        site.world.left_over[cluster_id] = ["/var/lib/steward/clusters/it/etcd"]
        await site.delete(cluster_id)
        await site.clock.sleep(120)
        assert await site.cluster(cluster_id) is not None, "what is left keeps it from being forgotten"
        for activity in ("5.1-2", "5.2-1"):
            assert (await lives.row(site, cluster_id, activity)).row.state is State.UNKNOWN
        await site.kill()
        await site.clock.sleep(2 * 3600)
        await site.begin()
        await site.clock.sleep(60)
        for activity in ("5.1-2", "5.2-1"):
            assert (await lives.row(site, cluster_id, activity)).row.state is State.BREACHED
        site.world.left_over.clear()
        await site.until_deleted(cluster_id)
        for activity in ("5.1-1", "5.1-2", "5.2-1", "5.2-3"):
            assert (await lives.row(site, cluster_id, activity)).row.state is State.PROVEN

    play(story)


def test_settings_that_outlive_their_cluster_are_a_breach(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        async with site.records.begin() as work:
            await ends.prove(work, cluster, site.clock.now())  # nothing of it was removed
            found = await work.evidence.get(f"5.2-3/{evidence.of_cluster(cluster.id)}/remains")
        assert found is not None
        assert found.outcome is evidence.Outcome.BREACHED
        assert "the cluster's record" in found.facts["left"]

    play(story)


def test_whoever_deletes_in_the_customers_name_is_seen() -> None:
    event = events.Event(
        at=virtual.START,
        project_id="p",  # type: ignore[arg-type]  # any will do
        cluster_id="c",  # type: ignore[arg-type]
        subject="cluster",
        subject_id="c",
        type=ends.DELETE_ASKED,
        message="",
        actor="operator",
        activity="5.1-1",
        facts={"party": "provider"},
    )
    assert ends.asked([event]).outcome is evidence.Outcome.BREACHED
    lent = dataclasses.replace(event, facts={"party": "provider", "delegation": "one"})
    assert ends.asked([lent]).outcome is evidence.Outcome.PROVEN
    assert ends.asked([]).outcome is evidence.Outcome.BREACHED


def test_a_database_that_is_missing_or_old_is_never_a_clean_bill(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        _, operator = await lives.both(site)
        await lives.risks.add(site.context, operator, wish=lives.a_risk(site.clock.now()))
        old = lives.Database(site, age=timedelta(days=8))
        for how, said in (({}, "No vulnerability database is set"), ({"advisories": old}, "too old")):
            await site.restart(**how)
            await site.clock.sleep(400)
            row = (await lives.row(site, cluster_id, "3.1.6-2")).row
            assert row.state is State.UNKNOWN
            assert said in row.reason

    play(story)


def test_a_known_hole_is_a_breach_until_it_is_mended_or_signed(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        _, operator = await lives.both(site)
        added = await lives.risks.add(site.context, operator, wish=lives.a_risk(site.clock.now()))
        hole = advisories.Advisory(
            id="GO-2029-0001",
            aliases=("CVE-2029-1",),
            summary="It opens",
            component=advisories.Component(ecosystem="Go", name="example.org/door", version="1.0.0"),
            fixed="1.0.1",
            published=site.clock.now() - timedelta(days=31),
        )

        async def state(*found: advisories.Advisory) -> State:
            await site.restart(advisories=lives.Database(site, *found))
            await site.clock.sleep(400)
            return (await lives.row(site, cluster_id, "3.1.6-2")).row.state

        assert await state() is State.PROVEN
        assert await state(hole) is State.BREACHED
        assert await state(dataclasses.replace(hole, published=site.clock.now())) is State.PROVEN
        naming = lives.risks.Wish(vulnerability="CVE-2029-1")
        await lives.risks.change(site.context, operator, risk_id=added.id, wish=naming)
        await lives.risks.accept(site.context, operator, risk_id=added.id, until=site.clock.now() + timedelta(days=10))
        assert await state(hole) is State.PROVEN
        await site.kill()
        await site.clock.sleep(11 * 86_400)
        assert await state(hole) is State.BREACHED

    play(story)


def test_a_size_that_nobody_asked_for_is_a_breach_and_no_pool_is_none() -> None:
    pool = nodepools.NodePool(
        id=nodepools.NodePoolId("p"),
        cluster_id=clusters.ClusterId("c"),
        name="p",
        flavor="d2-4",
        desired=3,
        created_at=virtual.START,
        updated_at=virtual.START,
    )
    assert sizes.adjusted([], [pool]).outcome is evidence.Outcome.BREACHED
    assert sizes.adjusted([], []).outcome is evidence.Outcome.NOT_APPLICABLE
