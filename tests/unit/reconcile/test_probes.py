"""Probes, outages and incidents in the simulated world: what is good, bad or unknown, who is told, whose account."""

from collections.abc import Callable, Sequence

from steward.domain import availability, clusters, errors, evidence, incidents
from steward.operations import incidents as incidents_
from steward.operations import outages as outages_
from steward.ports.control_planes import Part
from steward.reconcile import credentials
from steward.runtimes.simulated import audit_logs
from tests.unit import persons
from tests.unit.reconcile import test_audits
from tests.unit.reconcile.sites import CUSTOMER, Site

Play = Callable[..., None]


async def figures(site: Site, cluster_id: str) -> availability.Figures:
    found = await outages_.availability_of(site.context, CUSTOMER, project_id=site.project_id, cluster_id=cluster_id)
    assert found is not None
    return found


async def outages(site: Site, cluster_id: str) -> Sequence[incidents.Outage]:
    return await outages_.of_cluster(site.context, CUSTOMER, project_id=site.project_id, cluster_id=cluster_id)


async def known(site: Site) -> Sequence[incidents.Incident]:
    return await incidents_.all_of(site.context, persons.OTTO, resolved=True)


async def proof(site: Site, cluster_id: str, activity: str, collector: str) -> evidence.Evidence | None:
    async with site.records.read() as work:
        return await work.evidence.get(f"{activity}/cluster:{cluster_id}/{collector}")


def test_what_works_is_good_from_the_first_probe_on(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await site.clock.sleep(600)
        found = await figures(site, cluster_id)
        assert found.provider_bad == found.customer_bad == found.unknown == 0
        assert 500 < found.good <= 600
        assert 18 <= found.probes <= 21
        assert found.availability == 1.0
        assert (found.p50_ms, found.p99_ms) == (5, 5)
        assert await outages(site, cluster_id) == []
        seen = await proof(site, cluster_id, "3.1.1-1", "probes")
        assert seen is not None
        assert seen.outcome is evidence.Outcome.PROVEN
        assert seen.fresh(site.clock.now())
        noticed = await proof(site, cluster_id, "3.2.1-2", "incidents")
        assert noticed is not None
        assert noticed.outcome is evidence.Outcome.NOT_APPLICABLE, "nothing happened: nothing is proven"

    play(story)


def test_a_dead_api_server_is_an_outage_and_then_an_incident(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        other = await site.standing(0)
        await site.clock.sleep(120)
        began = site.clock.now()
        site.faults.refuse(cluster_id, Part.API_SERVER, "out of memory")
        site.faults.kill_part(cluster_id, Part.API_SERVER)

        async def noticed() -> bool:
            return bool(await known(site))

        await site.clock.until(noticed, within=incidents.DETECTED_WITHIN.total_seconds())
        (incident,) = await known(site)
        assert incident.affected == (cluster_id,)
        assert incident.by_probes
        await site.clock.sleep(600)
        breach = await proof(site, cluster_id, "3.1.1-1", "probes")
        assert breach is not None
        assert breach.outcome is evidence.Outcome.BREACHED, "it does not answer now"
        site.faults.mend(cluster_id)
        await site.settled()
        await site.clock.sleep(200)
        ended = site.clock.now()
        (incident,) = await known(site)
        assert incident.status is incidents.Status.RESOLVED
        assert (incident.affected, incident.before) == ((), (cluster_id,))
        assert incident.cause == "component ended"
        (outage,) = await outages(site, cluster_id)
        assert outage.incident_id == incident.id
        assert outage.ended_at is not None
        assert began - (outage.began_at) < (ended - began)
        lasted = (outage.ended_at - outage.began_at).total_seconds()
        assert 600 <= lasted < 900
        assert (outage.proposed_party, outage.proposed_activity) == (errors.PROVIDER, "3.1.1-1")
        assert any("kube-apiserver" in each.text or "signal" in each.text for each in outage.timeline)
        found = await figures(site, cluster_id)
        assert abs(found.provider_bad - lasted) < 1
        assert found.unknown == 0
        assert found.availability is not None
        assert found.availability < 1
        assert (await figures(site, other)).provider_bad == 0
        happened = await site.events(cluster_id)
        told = [each for each in happened if each.startswith(("incident:", "outage:"))]
        assert told == ["outage:began", "incident:opened", "outage:ended", "incident:resolved"]
        assert not [each for each in await site.events(other) if each.startswith(("incident:", "outage:"))]
        noticed_ = await proof(site, cluster_id, "3.2.1-2", "incidents")
        assert noticed_ is not None
        assert noticed_.outcome is evidence.Outcome.PROVEN

    play(story)


def test_time_in_which_steward_was_away_is_unknown_and_never_good(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await site.clock.sleep(300)
        before = await figures(site, cluster_id)
        await site.kill()
        await site.clock.sleep(3600)
        away = await figures(site, cluster_id)
        assert away.good == before.good
        assert away.unknown >= 3600
        await site.begin()
        await site.clock.sleep(300)
        after = await figures(site, cluster_id)
        assert after.unknown >= 3570
        assert after.good < before.good + 310
        assert after.provider_bad == 0

    play(story)


def test_more_unknown_time_than_may_be_bad_proves_nothing(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await site.clock.sleep(200)
        await site.kill()
        await site.clock.sleep(5 * 3600)  # the free plan's month may have 3.7 bad hours
        await site.begin()
        await site.clock.sleep(300)
        seen = await proof(site, cluster_id, "3.1.1-1", "probes")
        assert seen is not None
        assert seen.outcome is evidence.Outcome.UNKNOWN
        assert "nobody looked" in seen.summary

    play(story)


def test_an_outage_that_nobody_saw_the_end_of_ends_with_its_last_failed_probe(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await site.clock.sleep(100)
        site.faults.mute(cluster_id)
        await site.clock.sleep(200)
        await site.kill()
        away = site.clock.now()
        await site.clock.sleep(1000)
        site.faults.mend(cluster_id)
        await site.begin()
        await site.clock.sleep(120)
        (outage,) = await outages(site, cluster_id)
        assert outage.ended_at is not None
        assert outage.ended_at <= away

    play(story)


def test_clusters_that_fail_together_are_one_incident_that_grows_and_shrinks(play: Play) -> None:
    async def story(site: Site) -> None:
        one, two = await site.standing(0), await site.standing(0)
        await site.clock.sleep(60)
        site.faults.mute(one)
        await site.clock.sleep(200)
        site.faults.mute(two)
        await site.clock.sleep(200)
        (incident,) = await known(site)
        assert set(incident.affected) == {one, two}
        site.faults.mend(one)
        await site.clock.sleep(120)
        (incident,) = await known(site)
        assert (incident.affected, incident.before) == ((two,), (one,))
        assert incident.status is incidents.Status.OPEN
        assert (await site.events(one))[-1] == "incident:restored"
        # To one customer the other's cluster is not shown.
        mine = incidents_.shown(incident, {clusters.ClusterId(one)})
        assert mine.concerned == (one,)
        assert not any(two in f"{each.cluster_id} {each.text}" for each in mine.timeline)
        await site.delete(two)
        await site.until_deleted(two)
        await site.clock.sleep(60)
        (incident,) = await known(site)
        assert incident.status is incidents.Status.RESOLVED

    play(story)


def test_one_failed_probe_is_bad_time_and_no_incident(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await site.clock.sleep(100)
        site.faults.mute(cluster_id)

        async def failing() -> bool:
            return bool(await outages(site, cluster_id))

        await site.clock.until(failing, within=60)
        site.faults.mend(cluster_id)
        await site.clock.sleep(100)
        (outage,) = await outages(site, cluster_id)
        assert outage.ended_at is not None
        assert await known(site) == []
        found = await figures(site, cluster_id)
        assert 30 <= found.provider_bad <= 100

    play(story)


def test_a_month_ends_and_its_figures_stay(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await site.clock.sleep(100)
        await site.kill()
        await site.clock.sleep(31 * 86_400)
        await site.begin()
        await site.clock.sleep(200)
        now = await figures(site, cluster_id)
        assert now.month == "2030-02"
        before = await outages_.availability_of(
            site.context, CUSTOMER, project_id=site.project_id, cluster_id=cluster_id, month="2030-01"
        )
        assert before is not None
        assert 60 <= before.good <= 110
        assert before.unknown > 30 * 86_400
        assert now.unknown > 0

    play(story)


def test_what_the_customer_changed_behind_its_api_server_is_put_to_its_account(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await test_audits.proven(site)
        certificate = await test_audits.fingerprint(site, cluster_id, credentials.ADMIN)
        hook = audit_logs.Deed(
            verb="update",
            resource="validatingwebhookconfigurations",
            group="admissionregistration.k8s.io",
            name="strict",
            agent="kubectl/v1.37.2",
        )
        test_audits.write(site, cluster_id, credentials.ADMIN, hook, certificate)
        await site.clock.sleep(60)
        assert await test_audits.findings(site, cluster_id) == [], "it is no breach"
        site.faults.mute(cluster_id)
        await site.clock.sleep(200)
        site.faults.mend(cluster_id)
        await site.clock.sleep(100)
        (outage,) = await outages(site, cluster_id)
        assert (outage.rule, outage.proposed_party) == ("customer's webhook", errors.CUSTOMER)
        assert any("strict" in each.text and each.party == errors.CUSTOMER for each in outage.timeline)
        found = await figures(site, cluster_id)
        assert found.provider_bad == 0
        assert found.customer_bad > 150
        assert found.availability == 1.0
        disputed = await outages_.dispute(
            site.context,
            CUSTOMER,
            project_id=site.project_id,
            cluster_id=cluster_id,
            outage_id=outage.id,
            reason="The hook ignores failures",
        )
        assert disputed.counts_against == errors.PROVIDER
        assert (await figures(site, cluster_id)).provider_bad > 150

    play(story)
